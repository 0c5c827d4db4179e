"""Which step needs which statement, from what was judged; pure.

Example::

    rows = matrix(record.read(state), granted)
    [row.statement.source for row in rows if not row.steps]     # superfluous

A statement that allows is needed by a step if a request that the step made, and that was allowed, is refused once the
statement is taken out of the policies that had a say, by the very evaluation that the local cloud uses. One that denies
what comes without TLS is needed if such a request, had it come by plain HTTP, is refused with it and allowed without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from localcloud.iam.evaluation import Policies, evaluate
from localcloud.iam.policies import Statement, matches_action
from localcloud.iam.record import Judged

#: What the local cloud does not do at all, so that nothing here can show that it is let.
NOT_DONE = {"budgets.amazonaws.com": "the local cloud measures no costs, so no budget tells anybody"}


@dataclass(frozen=True)
class MatrixRow:
    """One statement of a role's or a resource's policy.

    Attributes:
        statement: What it allows or denies, and where it stands.
        steps: The steps that are refused something without it, in their order; none of a statement that denies.
        example: One request that is refused without it, or by it where it denies: its action and resource.
        unused: Those of its actions that no step took, and those of its services that did nothing.
        refuses: The steps of whose requests it refuses one that comes by plain HTTP.
        not_shown: Those of its services that do nothing in the local cloud, each with why.
    """

    statement: Statement
    steps: tuple[str, ...]
    example: str
    unused: tuple[str, ...]
    refuses: tuple[str, ...] = ()
    not_shown: tuple[str, ...] = ()

    @property
    def superfluous(self) -> bool:
        """Whether everything would have gone on without it; not said of one that is there only for what is not done."""
        return not self.steps and not self.refuses and not (self.not_shown and not self.unused_services)

    @property
    def unused_services(self) -> tuple[str, ...]:
        """Those of the services that it names that could have used it and did not."""
        return tuple(one for one in self.unused if one in services(self.statement))

    @property
    def role(self) -> str:
        """The role's name; of a resource, its kind before its name."""
        kind, name, *_ = self.statement.source.split("/")
        return name if kind == "role" else f"{kind} {name}"

    @property
    def name(self) -> str:
        """The policy and the statement's Sid."""
        return self.statement.source.split("/", 2)[2]


def matrix(judged: Iterable[Judged], granted: Iterable[Statement]) -> list[MatrixRow]:
    """Every statement, and the steps that need it.

    Args:
        judged: What was judged, in its order.
        granted: The statements of all roles and resources.
    """
    allowed = [one for one in judged if one.decision.allowed]
    by_statement: dict[str, list[Judged]] = {}
    for one in allowed:
        for source in one.decision.matched:
            by_statement.setdefault(source, []).append(one)
    return [
        _row(statement, by_statement.get(statement.source, []))
        if statement.effect == "Allow"
        else _denying(statement, allowed)
        for statement in granted
    ]


def services(statement: Statement) -> tuple[str, ...]:
    """The services that a statement names."""
    named = statement.principal.values if statement.principal else ()
    return tuple(one.removeprefix("Service ") for one in named if one.startswith("Service "))


def without(policies: Policies, source: str) -> Policies:
    """The policies with one statement taken out, wherever it stands."""

    def left(some: tuple[Statement, ...]) -> tuple[Statement, ...]:
        return tuple(one for one in some if one.source != source)

    return replace(
        policies,
        identity=left(policies.identity),
        boundary=None if policies.boundary is None else left(policies.boundary),
        resource=None if policies.resource is None else left(policies.resource),
        session=None if policies.session is None else left(policies.session),
    )


def _row(statement: Statement, matched: list[Judged]) -> MatrixRow:
    needed = [one for one in matched if not evaluate(one.request, without(one.policies, statement.source)).allowed]
    taken = {one.request.action for one in matched}
    unused = [
        pattern
        for pattern in statement.action.values
        if not any(
            matches_action(replace(statement.action, values=(pattern,), negated=False), action) for action in taken
        )
    ]
    came = {one.request.principal.arn for one in needed}
    absent = [one for one in services(statement) if one not in came]
    return MatrixRow(
        statement,
        _steps(needed),
        _example(needed),
        (*unused, *(one for one in absent if one not in NOT_DONE)),
        not_shown=tuple(f"{one}: {NOT_DONE[one]}" for one in absent if one in NOT_DONE),
    )


def _denying(statement: Statement, allowed: Iterable[Judged]) -> MatrixRow:
    """A statement that denies, by the requests that it would refuse had they come without TLS."""
    refused = [one for one in allowed if _by_http(one, statement.source)]
    return MatrixRow(statement, (), _example(refused), (), refuses=_steps(refused))


def _by_http(one: Judged, source: str) -> bool:
    """Whether one statement and no other refuses a request that comes by plain HTTP."""
    request = replace(one.request, context={**one.request.context, "aws:securetransport": ("false",)})
    with_it, without_it = evaluate(request, one.policies), evaluate(request, without(one.policies, source))
    return source in with_it.matched and not with_it.allowed and without_it.allowed


def _steps(some: Iterable[Judged]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.step for one in some))


def _example(some: list[Judged]) -> str:
    return f"{some[0].request.action} {some[0].request.resources[0]}" if some else ""
