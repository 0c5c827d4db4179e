"""What an expression reads: variables, fields of ``$states``, and the context that AWS does not give it.

A walk over the library's syntax tree. Only the first step of a path is read against the top-level context. Later steps,
predicates, sort terms and groups read what the step before them gave. The body of a function keeps the context of the
place where the function is written.
"""

from collections.abc import Iterable
from typing import Any

_CONTEXT = ""  # the library's name for $
_ROOT = "$"  # … and for $$


class References:
    """What the expression ``tree`` reads.

    ``variables``: names without ``$``, in the order of their first use; ``states`` is not among them. Those that the
    expression binds itself are left out. ``context``: top-level names, ``$`` and ``$$``, as AWS reports them.
    ``states``: the fields of ``$states`` that are read; None if the expression also uses ``$states`` as a whole.
    """

    def __init__(self, tree: Any) -> None:
        self.variables: dict[str, None] = {}
        self.context: dict[str, None] = {}
        self.fields: dict[str, None] = {}
        self.whole = False
        self._walk(tree, True, set())

    @property
    def states(self) -> list[str] | None:
        return None if self.whole else list(self.fields)

    def _walk(self, node: Any, top: bool, bound: set[str]) -> None:
        if node is None:
            return
        walk = getattr(self, f"_{node.type}", None)
        if walk is not None:
            walk(node, top, bound)
        for predicate in node.predicate or ():
            self._walk(predicate.expr, False, bound)
        if node.type != "path":
            self._tail(node, bound)

    def _tail(self, node: Any, bound: set[str]) -> None:
        for stage in node.stages or ():
            if stage.type == "filter":
                self._walk(stage.expr, False, bound)
            elif stage.type == "index":
                bound.add(str(stage.value))
        if node.group is not None:
            self._pairs(node.group.lhs_object, False, bound)

    def _all(self, nodes: Iterable[Any] | None, top: bool, bound: set[str]) -> None:
        for node in nodes or ():
            self._walk(node, top, bound)

    def _pairs(self, pairs: Iterable[Iterable[Any]] | None, top: bool, bound: set[str]) -> None:
        for pair in pairs or ():
            self._all(pair, top, bound)

    def _path(self, node: Any, top: bool, bound: set[str]) -> None:
        bound = set(bound)
        for position, step in enumerate(node.steps):
            if position == 0 and step.type == "variable" and step.value == "states" and "states" not in bound:
                following = node.steps[1] if len(node.steps) > 1 else None
                if (
                    following is not None
                    and following.type == "name"
                    and not (step.predicate or step.stages or step.group)
                ):
                    self.fields[following.value] = None
                    continue
            bound.update(str(name) for name in (step.focus, step.index) if name is not None)
            self._walk(step, top and position == 0, bound)
        self._tail(node, bound)

    def _sort(self, node: Any, top: bool, bound: set[str]) -> None:
        self._all((term.expression for term in node.terms), False, bound)

    def _name(self, node: Any, top: bool, bound: set[str]) -> None:
        if top:
            self.context[str(node.value)] = None

    def _variable(self, node: Any, top: bool, bound: set[str]) -> None:
        name = str(node.value)
        if name == _ROOT:
            self.context["$$"] = None
        elif name == _CONTEXT:
            if top:
                self.context["$"] = None
        elif name not in bound:
            if name == "states":
                self.whole = True
            else:
                self.variables[name] = None

    def _unary(self, node: Any, top: bool, bound: set[str]) -> None:
        self._walk(node.expression, top, bound)
        self._all(node.expressions, top, bound)
        self._pairs(node.lhs_object, top, bound)

    def _binary(self, node: Any, top: bool, bound: set[str]) -> None:
        self._walk(node.lhs, top, bound)
        self._walk(node.rhs, top, bound)

    _apply = _binary

    def _bind(self, node: Any, top: bool, bound: set[str]) -> None:
        if getattr(node.rhs, "type", None) == "lambda":  # a function may call itself
            bound.add(str(node.lhs.value))
        self._walk(node.rhs, top, bound)
        bound.add(str(node.lhs.value))

    def _block(self, node: Any, top: bool, bound: set[str]) -> None:
        self._all(node.expressions, top, set(bound))

    def _function(self, node: Any, top: bool, bound: set[str]) -> None:
        self._walk(node.procedure, top, bound)
        self._all(node.arguments, top, bound)

    _partial = _function

    def _lambda(self, node: Any, top: bool, bound: set[str]) -> None:
        self._walk(node.body, top, bound | {str(argument.value) for argument in node.arguments})

    def _condition(self, node: Any, top: bool, bound: set[str]) -> None:
        self._all((node.condition, node.then, node._else), top, bound)

    def _transform(self, node: Any, top: bool, bound: set[str]) -> None:
        self._all((node.pattern, node.update, node.delete), False, bound)
