"""Which step needs which statement, from what was judged; pure.

Example::

    rows = matrix(record.read(state), granted)
    [row.statement.source for row in rows if not row.steps]     # superfluous

A statement is needed by a step if a request that the step made, and that was allowed, is refused once the statement is
taken out of the policies that had a say, by the very evaluation that the local cloud uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from scones.localcloud.authorization.evaluation import Policies, evaluate
from scones.localcloud.authorization.policies import Statement, matches_action
from scones.localcloud.authorization.record import Judged


@dataclass(frozen=True)
class Row:
    """One statement of one role.

    Attributes:
        statement: What it allows, and where it stands.
        steps: The steps that are refused something without it, in their order.
        example: One request that is refused without it: its action and resource.
        unused: Those of its actions that no step took.
    """

    statement: Statement
    steps: tuple[str, ...]
    example: str
    unused: tuple[str, ...]

    @property
    def role(self) -> str:
        """The role's name."""
        return self.statement.source.split("/")[1]

    @property
    def name(self) -> str:
        """The policy and the statement's Sid."""
        return self.statement.source.split("/", 2)[2]


def matrix(judged: Iterable[Judged], granted: Iterable[Statement]) -> list[Row]:
    """Every statement that allows something, and the steps that need it.

    Args:
        judged: What was judged, in its order.
        granted: The statements of all roles.
    """
    allowed = [one for one in judged if one.decision.allowed]
    by_statement: dict[str, list[Judged]] = {}
    for one in allowed:
        for source in one.decision.matched:
            by_statement.setdefault(source, []).append(one)
    return [
        _row(statement, by_statement.get(statement.source, [])) for statement in granted if statement.effect == "Allow"
    ]


def without(policies: Policies, source: str) -> Policies:
    """The policies with one statement taken out, wherever it stands."""

    def left(some: tuple[Statement, ...] | None) -> tuple[Statement, ...] | None:
        return None if some is None else tuple(one for one in some if one.source != source)

    return replace(
        policies,
        identity=left(policies.identity),
        boundary=left(policies.boundary),
        resource=left(policies.resource),
        session=left(policies.session),
    )


def _row(statement: Statement, matched: list[Judged]) -> Row:
    needed = [one for one in matched if not evaluate(one.request, without(one.policies, statement.source)).allowed]
    taken = {one.request.action for one in matched}
    unused = [
        pattern
        for pattern in statement.action.values
        if not any(
            matches_action(replace(statement.action, values=(pattern,), negated=False), action) for action in taken
        )
    ]
    example = f"{needed[0].request.action} {needed[0].request.resources[0]}" if needed else ""
    return Row(statement, tuple(dict.fromkeys(one.step for one in needed)), example, tuple(unused))
