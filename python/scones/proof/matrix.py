"""Finds the steps that need each policy statement, from the recorded requests.

Example (not run: it needs the requests of a proof)::

    rows = matrix(record.read(state), granted)
    [row.statement.source for row in rows if row.superfluous]

A step needs an Allow statement if one of its allowed requests is denied without the statement. The requests are
evaluated as in the local cloud. A Deny statement against plain HTTP is needed if a request by HTTP would be denied with
the statement and allowed without it. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from localcloud.iam.evaluation import Policies, evaluate
from localcloud.iam.policies import Statement, matches_action
from localcloud.iam.record import Judged

#: Services that do nothing in the local cloud, so that the proof cannot show their statements.
NOT_DONE = {"budgets.amazonaws.com": "the local cloud measures no costs, so no budget tells anybody"}
#: Statements, by their Sid, for what the local cloud does without asking.
NOT_ASKED = {
    "StartItsChildren": "the local cloud starts the children of a Map run without StartExecution",
    "FollowAndStopItsChildren": "the local cloud follows and ends the children of a Map run itself",
}


@dataclass(frozen=True)
class MatrixRow:
    """One statement of a role's or a resource's policy.

    Attributes:
        steps: The steps that are denied a request without it, in order; empty for a Deny statement.
        example: The action and resource of a request that is denied without it, or by it for a Deny statement.
        unused: Its actions that no step used, and its services that sent no request.
        refuses: The steps with a request that it would deny by plain HTTP.
        not_shown: What the local cloud does not do or does not ask, each with the reason.
    """

    statement: Statement
    steps: tuple[str, ...]
    example: str
    unused: tuple[str, ...]
    refuses: tuple[str, ...] = ()
    not_shown: tuple[str, ...] = ()

    @property
    def superfluous(self) -> bool:
        """True if no step needs it. False if it only serves what the local cloud does not do."""
        return not self.steps and not self.refuses and not (self.not_shown and not self.unused_services)

    @property
    def unused_services(self) -> tuple[str, ...]:
        """The services that it names and that sent no request."""
        return tuple(one for one in self.unused if one in services(self.statement))

    @property
    def role(self) -> str:
        """The role's name, or the kind and name of a resource, such as ``topic scones-local-alarms``."""
        kind, name, *_ = self.statement.source.split("/")
        return name if kind == "role" else f"{kind} {name}"

    @property
    def name(self) -> str:
        """The policy and the statement's Sid."""
        return self.statement.source.split("/", 2)[2]


def matrix(judged: Iterable[Judged], granted: Iterable[Statement]) -> list[MatrixRow]:
    """A row for each statement, with the steps that need it.

    Args:
        judged: The recorded requests and decisions, in order.
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
    """The AWS services that are a statement's principals."""
    named = statement.principal.values if statement.principal else ()
    return tuple(one.removeprefix("Service ") for one in named if one.startswith("Service "))


def without(policies: Policies, source: str) -> Policies:
    """The policies without one statement.

    Args:
        source: The statement's source, such as ``role/NAME/POLICY/SID``.
    """

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
        not_shown=(
            *(f"{one}: {NOT_DONE[one]}" for one in absent if one in NOT_DONE),
            *(
                f"{sid}: {why}"
                for sid, why in NOT_ASKED.items()
                if not matched and statement.source.endswith(f"/{sid}")
            ),
        ),
    )


def _denying(statement: Statement, allowed: Iterable[Judged]) -> MatrixRow:
    """The row of a Deny statement: the requests that it would deny by plain HTTP."""
    refused = [one for one in allowed if _by_http(one, statement.source)]
    return MatrixRow(statement, (), _example(refused), (), refuses=_steps(refused))


def _by_http(one: Judged, source: str) -> bool:
    """True if this statement alone denies the request by plain HTTP."""
    request = replace(one.request, context={**one.request.context, "aws:securetransport": ("false",)})
    with_it, without_it = evaluate(request, one.policies), evaluate(request, without(one.policies, source))
    return source in with_it.matched and not with_it.allowed and without_it.allowed


def _steps(some: Iterable[Judged]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.step for one in some))


def _example(some: list[Judged]) -> str:
    return f"{some[0].request.action} {some[0].request.resources[0]}" if some else ""
