"""One execution: its graph, its states, its events, the functions' lines and the trace; stop, redrive, start again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from scones.console import answers, graph, lines, live, traces
from scones.console.page import Page, asked, body, data, number
from scones.console.watch import ExecutionWatch
from scones.errors import InputError, WorkflowError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

#: What may be done to an execution: the operation, and what it costs.
PRICE = "It is charged by the state transition: USD 0.000025 each in us-east-1, beside what its functions cost."


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    desk = page.desk

    def sfn() -> Any:
        return desk.client("stepfunctions")

    def watch(request: Request) -> ExecutionWatch:
        return page.watches.of(sfn(), asked(request, "arn"))

    def show(request: Request) -> Response:
        found = watch(request)
        described = found.described()
        return page.show(
            request,
            "execution.html.j2",
            title=described["name"],
            arn=found.arn,
            machine=described["stateMachineArn"],
            price=PRICE,
            commands=commands(page, described),
        )

    def about(request: Request) -> Response:
        """The picture that an execution is about."""
        given = answers.read(watch(request).described().get("input"))
        url = given.get("image_url") or f"s3://{given.get('s3_bucket')}/{given.get('s3_key')}"
        return data({"url": url if "image_url" in given or "s3_key" in given else None})

    def news(request: Request) -> Response:
        return live.stream(request, watch(request).news(), page.pause)

    def state(request: Request) -> Response:
        """The input and the output of a state, whole."""
        run = watch(request).run(number(request, "entered"))
        if run is None:
            raise InputError("the execution has no such state yet", hint="load the page again")
        return data({"input": run.input, "output": run.output, "error": run.error, "cause": run.cause})

    def definition(request: Request) -> Response:
        """One state of the definition."""
        return data(state_of(watch(request).definition()["definition"], asked(request, "state")))

    def event(request: Request) -> Response:
        found = watch(request).event(number(request, "id"))
        if found is None:
            raise InputError("the execution has no such event yet", hint="load the page again")
        return data(found)

    def log(request: Request) -> Response:
        """The lines that a state's function has written for this execution."""
        found = watch(request)
        run = found.run(number(request, "entered"))
        if run is None or run.function is None:
            return data({"group": None, "lines": []})
        name = found.arn.rpartition(":")[2]
        group = lines.group_of(run.function)
        return data(
            {
                "group": group,
                "lines": lines.read(desk.client("logs"), run.function, name, run.began, run.ended),
                "command": desk.command("logs", "filter-log-events", log_group_name=group, filter_pattern=f'"{name}"'),
            }
        )

    def trace(request: Request) -> Response:
        found = traces.of(desk.client("xray"), watch(request).described())
        return data({"segments": traces.spans(found)})

    def map_runs(request: Request) -> Response:
        runs = sfn().list_map_runs(executionArn=asked(request, "arn"))["mapRuns"]
        return data([_map_run(sfn(), one["mapRunArn"]) for one in runs])

    def stop(request: Request) -> Response:
        page.check_write()
        sfn().stop_execution(executionArn=asked(request, "arn"), error="Stopped", cause="stopped in the console")
        return data({})

    def redrive(request: Request) -> Response:
        page.check_write()
        sfn().redrive_execution(executionArn=asked(request, "arn"))
        return data({})

    def again(request: Request) -> Response:
        page.check_write()
        described = watch(request).described()
        machine, given = described["stateMachineArn"], described.get("input", "{}")
        return data({"arn": sfn().start_execution(stateMachineArn=machine, input=given)["executionArn"]})

    async def test(request: Request) -> Response:
        """TestState on one state of the definition, with an input of one's own."""
        page.check_write()
        given = await body(request)
        found = watch(request)

        def run() -> Any:
            known = found.definition()
            definition = state_of(known["definition"], str(given.get("state")))
            answer = sfn().test_state(
                definition=json.dumps(definition),
                roleArn=known["role_arn"],
                input=str(given.get("input") or "{}"),
                inspectionLevel="DEBUG",
            )
            return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

        return data(await run_in_threadpool(run))

    return [
        Route("/execution", show),
        Route("/execution/about", about),
        Route("/execution/news", news),
        Route("/execution/state", state),
        Route("/execution/definition", definition),
        Route("/execution/event", event),
        Route("/execution/log", log),
        Route("/execution/trace", trace),
        Route("/execution/map-runs", map_runs),
        Route("/execution/stop", stop, methods=["POST"]),
        Route("/execution/redrive", redrive, methods=["POST"]),
        Route("/execution/again", again, methods=["POST"]),
        Route("/execution/test", test, methods=["POST"]),
    ]


def commands(page: Page, described: dict[str, Any]) -> dict[str, str]:
    """The AWS CLI's command for each thing that can be done."""
    arn, command = described["executionArn"], page.desk.command
    return {
        "stop": command("stepfunctions", "stop-execution", execution_arn=arn),
        "redrive": command("stepfunctions", "redrive-execution", execution_arn=arn),
        "again": command(
            "stepfunctions",
            "start-execution",
            state_machine_arn=described["stateMachineArn"],
            input=described.get("input", "{}"),
        ),
        "history": command("stepfunctions", "get-execution-history", execution_arn=arn),
    }


def state_of(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """One state of a definition, in the definition's query language.

    Raises:
        WorkflowError: The definition has no such state.
    """
    language = {"QueryLanguage": definition["QueryLanguage"]} if "QueryLanguage" in definition else {}
    for key, found, _ in graph.states(definition):
        if key == name:
            return {**language, **found}
    raise WorkflowError(f"the definition has no state '{name}'")


def _map_run(sfn: Any, arn: str) -> dict[str, Any]:
    found = sfn.describe_map_run(mapRunArn=arn)
    children = sfn.list_executions(mapRunArn=arn, maxResults=100)["executions"]
    return {
        "arn": arn,
        "status": found["status"],
        "items": found["itemCounts"],
        "children": [
            {"arn": one["executionArn"], "name": one["name"], "status": one["status"], "began": one["startDate"]}
            for one in children
        ],
    }
