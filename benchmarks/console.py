"""Measures the console: how soon an event is on the page, how long lists and histories take, and what it costs.

Example (not run: it takes minutes and needs a browser)::

    with tempfile.TemporaryDirectory() as folder:
        print(table(measure(Path(folder))))

The console's process is started with one JSON object on standard input, and writes its address::

    python -m benchmarks.console

A local cloud of its own gets 10,000 executions, one with 25,000 events, and one that waits again and again. The console
is a process of its own, as ``invoke console`` starts it, and a real Chromium looks at it. The page itself notes when
something is seen, by the same clock that the cloud's events have.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks import callers, cloud
from benchmarks.cloud import Server
from benchmarks.serve import processor_seconds
from imageclassification import files
from localcloud import control
from scones import aws, settings
from scones.console import server as consoles
from scones.console.browser import browser
from scones.console.desk import CONNECTIONS, Desk
from scones.errors import SconesError

ROOT = Path(__file__).resolve().parents[1]
EXECUTIONS, EVENTS, WAITS = 10_000, 25_000, 8
#: What the console promises, in the units of its figures.
WANTED = {"event": 300.0, "row": 300.0, "end": 300.0, "list": 1.0, "history": 1.0, "idle": 1.0, "cloud": 5.0}
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
LOOP = {
    "StartAt": "Begin",
    "States": {
        "Begin": {"Type": "Pass", "Result": 0, "ResultPath": "$.n", "Next": "Once more?"},
        "Once more?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThanPath": "$.rounds", "Next": "Count"}],
            "Default": "End",
        },
        "Count": {
            "Type": "Pass",
            "Parameters": {"n.$": "States.MathAdd($.n, 1)", "rounds.$": "$.rounds"},
            "Next": "Once more?",
        },
        "End": {"Type": "Succeed"},
    },
}
PER_ROUND = 4  # events of a round: two states, each entered and left
#: Notes the moment at which each state is drawn as done, and at which the execution's end is said.
NOTES = """() => {
  window.seen = {};
  const note = (name) => { window.seen[name] ??= Date.now(); };
  const look = () => {
    for (const box of document.querySelectorAll(".graph .box.succeeded")) note(box.querySelector("text").textContent);
    if (document.querySelector("#status.good")) note("");
    for (const link of document.querySelectorAll("#rows a")) note(link.textContent);
  };
  new MutationObserver(() => requestAnimationFrame(look))
    .observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
}"""
#: Seconds from the address to what a selector with a text names.
WHEN = """([selector, text]) => new Promise((done) => {
  const look = () => {
    const found = document.querySelector(selector);
    if (!found || !found.textContent.includes(text)) return false;
    done(performance.now() / 1000);
    return true;
  };
  if (look()) return;
  const watching = new MutationObserver(() => look() && watching.disconnect());
  watching.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
})"""


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        name: ``event``, ``end``, ``row``, ``list``, ``history``, ``idle``, ``list open`` or ``cloud``, or what is
            beside these.
        about: In words.
        unit: ``ms``, ``s`` or ``%``.
        median: The median.
        most: The worst.
        times: How often it was measured.
    """

    name: str
    about: str
    unit: str
    median: float
    most: float
    times: int

    @property
    def held(self) -> bool | None:
        """Whether the median is within what is promised. None where nothing is."""
        return self.median <= WANTED[self.name] if self.name in WANTED else None


def figure(name: str, about: str, unit: str, values: Sequence[float]) -> Figure:
    """The figure of some measurements.

    Example::

        >>> figure("list", "10,000 executions are listed", "s", [0.7, 0.9, 0.8]).median
        0.8
    """
    digits = {"ms": 0, "s": 2, "%": 1}[unit]
    return Figure(name, about, unit, round(statistics.median(values), digits), round(max(values), digits), len(values))


def measure(
    folder: Path,
    *,
    executions: int = EXECUTIONS,
    events: int = EVENTS,
    rounds: int = 5,
    seconds: float = 10.0,
    on_phase: Callable[[str], None] = lambda name: None,
) -> list[Figure]:
    """Measure a console on a local cloud of its own.

    Args:
        folder: For the cloud.
        executions: How many are listed.
        events: How many events the long execution has.
        rounds: How often each thing is measured.
        seconds: How long CPU time is counted.
        on_phase: Called with what is done next.

    Raises:
        SconesError: There is no browser, or the cloud refused something.
    """
    with browser() as chromium, cloud.ours(folder / "cloud") as server:
        made = _Subjects(server, executions, events, on_phase)
        with served(folder / "cloud", made.outputs) as shown:
            page = chromium.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(120_000)
            page.goto(shown.address)
            looking = _Looking(server, shown, page)
            on_phase("lists and histories")
            found = looking.at_lists(made, executions, rounds) + looking.at_the_long_one(made, events, rounds)
            on_phase("events")
            found += looking.at_events(made, rounds)
            on_phase("the processors' time")
            return found + looking.at_the_processors(made, seconds)


@dataclass(frozen=True)
class ShownConsole:
    """A console that runs: its address with the token, and its process id."""

    address: str
    pid: int


@contextmanager
def served(cloud: Path, outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[ShownConsole]:
    """A console on a local cloud, in a process of its own.

    Args:
        cloud: The cloud's folder.
        outputs: What the stacks would say, by their names.

    Raises:
        SconesError: It did not start.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.console"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None, "it is a pipe"
    assert child.stdout is not None, "it is a pipe"
    try:
        with child.stdin as given:
            given.write(json.dumps({"cloud": str(cloud), "outputs": outputs}))
        if not (address := child.stdout.readline().strip()):
            raise SconesError("the console did not start; what it has said is above")
        yield ShownConsole(address, child.pid)
    finally:
        child.terminate()
        child.stdout.close()
        child.wait()


def _serve(given: Mapping[str, Any]) -> None:
    environment = replace(settings.load("local"), cloud_path=Path(given["cloud"], control.ADDRESS))

    def client(service: str) -> Any:
        return aws.client(environment, service, max_connections=CONNECTIONS)

    desk = Desk(environment, client, given["outputs"].__getitem__, may_write=True)
    consoles.serve(desk, port=0, say=lambda address: print(address, flush=True))


class _Subjects:
    """What is looked at: state machines and executions in a cloud."""

    def __init__(self, server: Server, executions: int, events: int, on_phase: Callable[[str], None]) -> None:
        self.server, self.sfn, self._role = server, server.client("stepfunctions"), cloud.role_of(server)
        on_phase(f"{executions:,} executions")
        self.many = self._machine("many", PASS)
        keys = (server.access_key_id, server.secret_access_key)
        done = callers.run(
            callers.Work("execution", server.endpoint, *keys, self.many, "{}", 4, 0.0, cloud.PAUSE, executions)
        )
        if done.broken or done.refused:
            raise SconesError(f"the cloud did not run {executions} executions: {done.broken or done.refused}")
        on_phase(f"an execution of {events:,} events")
        self.long = self.ended(self._machine("long", LOOP), {"rounds": events // PER_ROUND - 2})
        states = {
            f"Wait {number}": {"Type": "Wait", "Seconds": 1, "Next": f"Wait {number + 1}"} for number in range(WAITS)
        }
        states[f"Wait {WAITS}"] = {"Type": "Wait", "Seconds": 1, "End": True}
        self.waiting = self._machine("waiting", {"StartAt": "Wait 0", "States": states})
        self.outputs = {"service": {"state_machine_arn": self.many}}

    def _machine(self, name: str, definition: Mapping[str, Any]) -> str:
        found = self.sfn.create_state_machine(
            name=f"bench-console-{name}", roleArn=self._role, definition=json.dumps(definition)
        )
        return str(found["stateMachineArn"])

    def begun(self, machine: str, given: Mapping[str, Any]) -> str:
        """The ARN of a new execution."""
        return str(self.sfn.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"])

    def ended(self, machine: str, given: Mapping[str, Any]) -> str:
        """The ARN of an execution that has ended."""
        arn = self.begun(machine, given)
        while self.sfn.describe_execution(executionArn=arn)["status"] == "RUNNING":
            time.sleep(0.1)
        return arn


class _Looking:
    """A browser that looks at a console."""

    def __init__(self, server: Server, shown: ShownConsole, page: Any) -> None:
        self._server, self._shown, self._page = server, shown, page
        self._base = f"http://{urlsplit(shown.address).netloc}"

    def _open(self, path: str, **parameters: str) -> None:
        self._page.goto(
            f"{self._base}{path}" + (f"?{urlencode(parameters)}" if parameters else ""), wait_until="commit"
        )

    def _until(self, selector: str, text: str = "") -> float:
        return float(self._page.evaluate(WHEN, [selector, text]))

    def at_lists(self, made: _Subjects, executions: int, rounds: int) -> list[Figure]:
        first, whole = [], []
        for _ in range(rounds):
            self._open("/executions", machine=made.many)
            first.append(self._until("#rows a"))
            whole.append(self._until("#count", f"{executions:,} of {executions:,} executions"))
        return [
            figure("first rows", "the first executions of the list are there", "s", first),
            figure("list", f"{executions:,} executions are listed", "s", whole),
        ]

    def at_the_long_one(self, made: _Subjects, events: int, rounds: int) -> list[Figure]:
        count = len_of(made.sfn, made.long)
        opened, whole = [], []
        for _ in range(rounds):
            self._open("/execution", arn=made.long)
            shown = [
                self._until(".graph .box.succeeded"),
                self._until("#status.good"),
                self._until("#event-rows button"),
            ]
            opened.append(max(shown))
            whole.append(self._until("#event-count", f"{count:,}"))
        return [
            figure("history", f"{events:,} events: graph, result and first events are there", "s", opened),
            figure("whole history", "all of its events are there", "s", whole),
        ]

    def at_events(self, made: _Subjects, rounds: int) -> list[Figure]:
        events, ends, rows = [], [], []
        for _ in range(rounds):
            arn = made.begun(made.waiting, {})
            self._open("/execution", arn=arn)
            self._page.wait_for_selector(".graph .box")
            self._page.evaluate(NOTES)
            self._page.wait_for_selector("#status.good")
            seen = self._page.evaluate("window.seen")
            found = made.sfn.get_execution_history(executionArn=arn, maxResults=1000)["events"]
            left = {
                one["stateExitedEventDetails"]["name"]: one["timestamp"].timestamp()
                for one in found
                if one["type"] == "WaitStateExited"
            }
            # Those that were left before the page was open do not count.
            events += [seen[name] - 1000 * moment for name, moment in sorted(left.items())[2:]]
            ends.append(seen[""] - 1000 * found[-1]["timestamp"].timestamp())
            rows.append(self._row(made))
        return [
            figure("event", "from an event until it is on the execution's page", "ms", events),
            figure("end", "from its end until its status is there", "ms", ends),
            figure("row", "from an execution's begin until it is on the list", "ms", rows),
        ]

    def _row(self, made: _Subjects) -> float:
        self._open("/executions", machine=made.waiting)
        self._page.wait_for_selector("#rows a")
        self._page.evaluate(NOTES)
        arn = made.begun(made.waiting, {})
        name = arn.rpartition(":")[2]
        self._page.wait_for_selector(f"#rows a:has-text('{name}')")
        began = made.sfn.describe_execution(executionArn=arn)["startDate"].timestamp()
        made.sfn.stop_execution(executionArn=arn)
        return float(self._page.evaluate("window.seen")[name]) - 1000 * began

    def at_the_processors(self, made: _Subjects, seconds: float) -> list[Figure]:
        self._page.goto("about:blank")
        own, before = self._used(seconds)
        figures = [figure("idle", "the console's CPU, while no page is open", "%", [own])]
        self._open("/executions", machine=made.many)
        self._until("#count", "executions")
        time.sleep(2)  # the page was opened, and that is not what is measured
        own, of_cloud = self._used(seconds)
        figures += [
            figure("list open", "the console's CPU, while the list is open", "%", [own]),
            figure("cloud", "what the cloud's CPU has to do for that", "%", [max(of_cloud - before, 0.0)]),
        ]
        arn = made.begun(made.waiting, {})
        self._open("/execution", arn=arn)
        self._page.wait_for_selector(".graph .box")
        own, of_cloud = self._used(WAITS - 2.0)
        return [
            *figures,
            figure("followed", "the console's CPU, while an execution is followed", "%", [own]),
            figure("cloud, followed", "what the cloud's CPU has to do for both", "%", [max(of_cloud - before, 0.0)]),
        ]

    def _used(self, seconds: float) -> tuple[float, float]:
        """The shares of a core that the console and the cloud take, in percent."""
        pids = (self._shown.pid, self._server.pid)
        before = [processor_seconds(pid) or 0.0 for pid in pids]
        time.sleep(seconds)
        after = [processor_seconds(pid) or 0.0 for pid in pids]
        own, of_cloud = (100 * (end - begin) / seconds for begin, end in zip(before, after, strict=True))
        return own, of_cloud


def len_of(sfn: Any, arn: str) -> int:
    """The number of events of an execution."""
    newest = sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"]
    return int(newest[0]["id"])


def table(figures: Sequence[Figure]) -> Any:
    """The table of the figures."""
    from rich.table import Table

    shown = Table(title="The console", title_justify="left")
    shown.add_column("what", overflow="fold")
    for name in ("median", "most", "wanted"):
        shown.add_column(name, justify="right", no_wrap=True)
    for one in figures:
        wanted = f"{WANTED[one.name]:g} {one.unit} {'✔' if one.held else '✘'}" if one.name in WANTED else ""
        most = f"{one.most:g} {one.unit}" if one.times > 1 else ""
        shown.add_row(one.about, f"{one.median:g} {one.unit}", most, wanted)
    return shown


def save(path: Path, figures: Sequence[Figure]) -> Path:
    """Writes the figures as JSON. Returns the path."""
    content = {
        "load_average": round(os.getloadavg()[0], 2),
        "figures": [{**asdict(one), "wanted": WANTED.get(one.name), "held": one.held} for one in figures],
    }
    return files.write(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    _serve(json.load(sys.stdin))
