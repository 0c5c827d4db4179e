"""Follows the list of a state machine's executions: first all of them, then what has changed.

Example (not run: it needs a running cloud)::

    look = ListWatch(desk.client("stepfunctions"), machine_arn).look
    for message in look(): ...    # {"prefix": "arn:aws:…:", "rows": [["name", "SUCCEEDED", 1700000000000, …], …]}

The list is newest first. While nothing happens, a look is one small call: the newest execution is a known one, and none
runs. An execution has ended when it is no longer among those that run.

API: AWS Step Functions API reference, ListExecutions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from scones.console import live

PAGE = 1000  # executions; AWS gives no more at once
FEW = 20  # executions of a page while one looks for what is new
SELDOM = 25  # looks: so often one looks for what was redriven, which may be anywhere in the list
AT_ONCE = 20  # executions that have ended and are described in one look

#: An execution's name, its status, when it began and when it ended, in ms since 1970. It has not ended: None.
Row: TypeAlias = tuple[str, str, int, int | None]


class ListWatch:
    """The list of a state machine's executions, as one browser follows it.

    Args:
        sfn: The client of Step Functions.
        machine: The state machine's ARN.
    """

    def __init__(self, sfn: Any, machine: str) -> None:
        self._sfn, self._machine = sfn, machine
        self._rows: dict[str, Row] = {}
        self._running: set[str] = set()
        self._pages = self._listed(PAGE)
        self._whole = False
        self._looks = 0

    def look(self) -> list[Any]:
        """What is new since the last look, at first page by page. A message says if ``more`` follows at once."""
        if self._whole:
            rows = list(self._changes())
            return [self._message(rows)] if rows else []
        executions, self._whole = next(self._pages)
        message = self._message(list(self._taken(executions)))
        return [message] if self._whole else [{**message, "more": True}, live.MORE]

    def _listed(self, size: int, **which: Any) -> Iterator[tuple[list[Mapping[str, Any]], bool]]:
        """The pages of the list, each with whether it is the last one."""
        more: dict[str, Any] = {}
        while True:
            found = self._sfn.list_executions(stateMachineArn=self._machine, maxResults=size, **which, **more)
            token = found.get("nextToken")
            yield found["executions"], token is None
            if token is None:
                return
            more = {"nextToken": token}

    def _changes(self) -> Iterator[str]:
        """The ARNs of what is new or has changed."""
        self._looks += 1
        before = set(self._running)
        newest, _ = next(self._listed(1))
        if any(one["executionArn"] not in self._rows for one in newest):
            for page, _ in self._listed(FEW):
                met = any(one["executionArn"] in self._rows for one in page)
                yield from self._taken(page)
                if met:
                    break
        if before or self._looks % SELDOM == 0:
            running = [one for page, _ in self._listed(PAGE, statusFilter="RUNNING") for one in page]
            yield from self._taken(running)
            ended = (before & self._running) - {one["executionArn"] for one in running}
            for arn in sorted(ended)[:AT_ONCE]:
                yield from self._taken([self._sfn.describe_execution(executionArn=arn)])

    def _taken(self, executions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Take executions up. Gives the ARNs of those that are not known so."""
        for one in executions:
            arn, found = one["executionArn"], row(one)
            if self._rows.get(arn) != found:
                self._rows[arn] = found
                (self._running.discard if one.get("stopDate") else self._running.add)(arn)
                yield arn

    def _message(self, arns: list[str]) -> dict[str, Any]:
        # The ARNs of a state machine's executions differ in the name only.
        prefix = arns[0].removesuffix(self._rows[arns[0]][0]) if arns else ""
        return {"prefix": prefix, "rows": [self._rows[arn] for arn in arns]}


def row(execution: Mapping[str, Any]) -> Row:
    """An execution as a row of the list.

    Example::

        >>> from datetime import UTC
        >>> row({"name": "one", "status": "RUNNING", "startDate": datetime(2026, 11, 30, tzinfo=UTC)})
        ('one', 'RUNNING', 1795996800000, None)
    """
    ended = execution.get("stopDate")
    return execution["name"], execution["status"], _ms(execution["startDate"]), None if ended is None else _ms(ended)


def _ms(moment: datetime) -> int:
    return round(1000 * moment.timestamp())
