"""The list of executions: filtered, searched, and live."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from scones.console import answers, live
from scones.console.page import Page, data
from scones.errors import InputError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PAGE = 1000
NEWEST = 50  # executions that are asked for again and again, to see what is new
AT_ONCE = 50  # executions that a browser may ask about in one request
THREADS = 8


@dataclass
class Known:
    """What executions have answered. An execution that has ended is asked once, unless it is redriven."""

    _found: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, sfn: Any, arn: str, stopped: str) -> dict[str, Any]:
        """The error, the class and the confidence of an execution.

        Args:
            stopped: When it ended, as the list says it: a redrive changes that.
        """
        with self._lock:
            found = self._found.get((arn, stopped))
        if found is None:
            found = about(sfn.describe_execution(executionArn=arn))
            with self._lock:
                self._found[arn, stopped] = found
        return found


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    desk, known, lock = page.desk, Known(), threading.Lock()
    reader, ahead = ThreadPoolExecutor(1), dict[tuple[str, str | None], Future[dict[str, Any]]]()

    def sfn() -> Any:
        return desk.client("stepfunctions")

    def show(request: Request) -> Response:
        machines = named(sfn(), desk.service()["state_machine_arn"])
        return page.show(request, "executions.html.j2", title="Executions", machines=machines)

    def machine(request: Request) -> str:
        return request.query_params.get("machine") or str(desk.service()["state_machine_arn"])

    def listed(request: Request) -> Response:
        """A page of the list, newest first. The next one is read while the browser takes this one."""
        arn, token = machine(request), request.query_params.get("next")
        with lock:
            begun = ahead.pop((arn, token), None)
        found = begun.result() if begun else listing(sfn(), arn, token)
        if following := found["next"]:
            with lock:
                ahead.clear()  # whoever has left does not come back for it
                ahead[arn, following] = reader.submit(listing, sfn(), arn, following)
        return data(found)

    def news(request: Request) -> Response:
        arn = machine(request)

        def look() -> Any:
            found = sfn().list_executions(stateMachineArn=arn, maxResults=NEWEST)
            return list(map(row, found["executions"]))

        return live.stream(request, live.changes(look), page.pause)

    def details(request: Request) -> Response:
        """The error, the class and the confidence of some executions: ``?of=ARN|STOPPED``, repeated."""
        wanted = [one.rpartition("|")[::2] for one in request.query_params.getlist("of")]
        if len(wanted) > AT_ONCE:
            raise InputError(f"{len(wanted)} executions at once; the most is {AT_ONCE}")
        client = sfn()
        with ThreadPoolExecutor(THREADS) as threads:
            found = list(threads.map(lambda one: known.of(client, *one), wanted))
        return data({arn: one for (arn, _), one in zip(wanted, found, strict=True)})

    return [
        Route("/executions", show),
        Route("/executions/list", listed),
        Route("/executions/news", news),
        Route("/executions/details", details),
    ]


def named(sfn: Any, first: str) -> list[dict[str, str]]:
    """The state machines of the same environment, the workflow's first."""
    prefix = first.rpartition(":")[2].rpartition("-")[0].rpartition("-")[0]
    pages = sfn.get_paginator("list_state_machines").paginate()
    found = [one for page in pages for one in page["stateMachines"] if one["name"].startswith(prefix)]
    found.sort(key=lambda one: (one["stateMachineArn"] != first, one["name"]))
    return [{"arn": one["stateMachineArn"], "name": one["name"]} for one in found]


def listing(sfn: Any, machine: str, token: str | None) -> dict[str, Any]:
    """A page of a state machine's executions, newest first, and the token of the next."""
    more = {"nextToken": token} if token else {}
    found = sfn.list_executions(stateMachineArn=machine, maxResults=PAGE, **more)
    return {"rows": list(map(row, found["executions"])), "next": found.get("nextToken")}


def row(execution: Mapping[str, Any]) -> dict[str, Any]:
    """An execution as a row of the list."""
    return {
        "arn": execution["executionArn"],
        "name": execution["name"],
        "status": execution["status"],
        "began": execution["startDate"],
        "ended": execution.get("stopDate"),
    }


def about(described: Mapping[str, Any]) -> dict[str, Any]:
    """The error, the class and the confidence of an execution, from DescribeExecution's answer."""
    found = answers.of(described)
    return {
        "verdict": found.verdict,
        "error": described.get("error"),
        "label": found.label,
        "confidence": found.confidence,
    }
