"""SageMaker's SDK 2 and 3 and AWS CLI v1, each in an environment of its own, against one local cloud.

``programs/`` holds what runs in those environments. The SDKs' are those of ``invoke notebook``; AWS CLI v1 is built in
the same manner, under ``build/compatibility``. An environment is built once. If it cannot be built, its tests are
skipped, and the run's summary says so.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scones import settings
from scones.delivery.checks import environment as pythons
from scones.errors import SetupError
from scones.notebook import identity, kernel

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
PROGRAM_SECONDS = 900  # on a busy machine
UNTESTED = "compatibility is not tested with "
SIZE = 28  # pixels a side


@dataclass(frozen=True)
class Step:
    """What a step of a program gave, printed and raised."""

    given: Any = None
    raised: str | None = None
    said: str = ""

    @property
    def gave(self) -> Any:
        assert self.raised is None, f"the step raised:\n{self.raised}"
        return self.given


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


class Cli:
    """AWS CLI v1: ``cli("s3", "ls")`` runs a command."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, *arguments: str, may_fail: bool = False) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        answer = Answer(**json.loads(self._process.stdout.readline()))
        assert may_fail or answer.code == 0, f"aws {' '.join(arguments)} ended with {answer.code}:\n{answer.err}"
        return answer

    def json(self, *arguments: str) -> Any:
        """What a command printed as JSON."""
        return json.loads(self(*arguments, "--output", "json").out)

    def text(self, *arguments: str, may_fail: bool = False) -> str:
        """What a command printed as text."""
        return self(*arguments, "--output", "text", may_fail=may_fail).out.strip()


def built(what: str, build: Callable[[], Path]) -> Path:
    """Build an environment, or skip the test and say why."""
    try:
        return build()
    except SetupError as error:
        pytest.skip(f"{UNTESTED}{what}: {error.message} ({error.hint})")


@pytest.fixture(scope="session")
def python_of() -> Callable[[int], Path]:
    """The Python with a version of SageMaker's SDK."""
    return lambda sdk: built(f"SageMaker's SDK {sdk}", lambda: kernel.ensure(BUILD, sdk))


@pytest.fixture(scope="session")
def environment(cloud: Any) -> settings.Environment:
    """The environment ``local``, with the cloud of this test run."""
    path = cloud.state / "cloud.json"
    assert json.loads(path.read_text())["endpoint"] == cloud.endpoint
    return dataclasses.replace(settings.load("local", variables={}), cloud_path=path)


@pytest.fixture(scope="session")
def variables_of(
    environment: settings.Environment, python_of: Callable[[int], Path]
) -> Callable[[int], Mapping[str, str]]:
    """A kernel's variables: its identity is a session of the notebooks' role."""
    keys = identity.session(environment, identity.role(environment, None))
    return lambda sdk: kernel.variables(environment, keys, python_of(sdk), sdk, os.environ)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of two classes: ``train/`` and ``test/``, each with its list beside it."""
    folder = tmp_path_factory.mktemp("pictures") / "images"
    for split, count in (("train", 16), ("test", 8)):
        (folder / split).mkdir(parents=True)
        for number in range(count):
            noise = random.Random(number)
            strong, weak = (200, 60) if number % 2 == 0 else (60, 200)
            colours = (strong, 120, weak)
            pixels = bytes(base + noise.randrange(-40, 40) for _ in range(SIZE * SIZE) for base in colours)
            Image.frombytes("RGB", (SIZE, SIZE), pixels).save(folder / split / f"{number}.png")
        lines = [f"{number}\t{number % 2}\t{number}.png\n" for number in range(count)]
        (folder / f"{split}.lst").write_text("".join(lines))
    # Clients that sync send what is newer than its object again. These are older, also where a clock is set back.
    earlier = time.time() - 3600
    for path in folder.rglob("*.*"):
        os.utime(path, (earlier, earlier))
    return folder


@pytest.fixture(scope="session")
def steps_of(
    images: Path, python_of: Callable[[int], Path], variables_of: Callable[[int], Mapping[str, str]]
) -> Callable[[int], Mapping[str, Step]]:
    """Runs the program of a version of the SDK, and gives its steps by name."""

    def run(sdk: int) -> Mapping[str, Step]:
        folder, python = images.parent / f"sdk{sdk}", python_of(sdk)
        folder.mkdir()
        (folder / "images").symlink_to(images)
        done = subprocess.run(
            [python, HERE / "programs" / f"sdk{sdk}.py", folder],
            env=dict(variables_of(sdk)),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"it ended with {done.returncode}:\n{done.stderr[-4000:]}"
        found = json.loads((folder / "results.json").read_text())
        return {name: Step(one.get("gave"), one.get("raised"), one["said"]) for name, one in found.items()}

    return run


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the AWS CLI's commands run."""
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="session")
def aws(environment: settings.Environment, folder: Path) -> Iterator[Cli]:
    """AWS CLI v1, with the key of the cloud's account, as ``invoke env`` gives it."""
    python = built(
        "AWS CLI v1",
        lambda: pythons.ensure(BUILD / "compatibility", "awscli", HERE / "awscli.txt", works="import awscli.clidriver"),
    )
    keys = environment.keys()
    assert keys is not None  # a local cloud has some
    process = subprocess.Popen(
        [python, HERE / "programs" / "cli.py"],
        env=kernel.variables(environment, keys, python, 3, os.environ),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:  # it ends with its standard input
        yield Cli(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly. Reports come from all workers, so it is said in a parallel run too."""
    skipped = [str(report.longrepr[-1]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr]
    reasons = sorted({reason.removeprefix("Skipped: ") for reason in skipped if UNTESTED in reason})
    if reasons:
        terminalreporter.section("COMPATIBILITY WAS NOT TESTED", red=True, bold=True)
        for reason in reasons:
            terminalreporter.line(reason)
