"""The list of executions: filtered, searched, and live."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from scones.console import answers, live
from scones.console.listing import ListWatch
from scones.console.page import Page, data
from scones.errors import InputError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

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
    desk, known = page.desk, Known()

    def sfn() -> Any:
        return desk.client("stepfunctions")

    def show(request: Request) -> Response:
        machines = named(sfn(), desk.service()["state_machine_arn"])
        return page.show(request, "executions.html.j2", title="Executions", machines=machines)

    def machine(request: Request) -> str:
        return request.query_params.get("machine") or str(desk.service()["state_machine_arn"])

    def news(request: Request) -> Response:
        return live.stream(request, ListWatch(sfn(), machine(request)).look, page.pause)

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


def about(described: Mapping[str, Any]) -> dict[str, Any]:
    """The error, the class and the confidence of an execution, from DescribeExecution's answer."""
    found = answers.of(described)
    return {
        "verdict": found.verdict,
        "error": described.get("error"),
        "label": found.label,
        "confidence": found.confidence,
    }
