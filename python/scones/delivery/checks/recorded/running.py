"""Runs LocalStack's recorded Step Functions tests of a checkout against a local cloud of their own.

Example (not run: it needs a checkout, and takes minutes)::

    tests = run(Path("localstack"), build=Path("build"), workers=3, progress=print)
    sum(test.verdict == "passed" for test in tests)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from localcloud import control
from scones.delivery.checks import environment
from scones.delivery.checks.recorded.outcomes import ROOT, RecordedTest, outcome
from scones.errors import CheckError, InputError, SetupError

PINS = Path(__file__).with_name("packages.txt")
NO_WHEEL = ("airspeed-ext", "crontab", "jsonpath-rw")
PLUGIN = Path(__file__).with_name("plugin")
PYTHON = "python3.13"  # LocalStack's
TEST_SECONDS = 100
# It imports aws_cdk, and runs containers.
LEFT_OUT = f"{ROOT}v2/services/test_ecs_task_service.py"


def recorded(checkout: Path) -> list[str]:
    """The names of the tests that have an answer of AWS.

    Raises:
        InputError: the folder is no checkout of LocalStack.
    """
    files = sorted((checkout / ROOT).glob("v2/**/*.snapshot.json"))
    if not files:
        raise InputError(
            f"{checkout} is no checkout of LocalStack: it has no recorded answers under {ROOT}v2",
            hint="get one with: git clone --depth 1 https://github.com/localstack/localstack",
        )
    return [name for file in files for name in json.loads(file.read_text())]


def interpreter() -> Path:
    """The Python that LocalStack's tests need.

    Raises:
        SetupError: it is not there.
    """
    if sys.version_info[:2] == (3, 13):
        return Path(sys.executable)
    # A version manager puts a stand-in on PATH that runs only where its version is chosen. A real one may follow.
    for folder in os.get_exec_path():
        found = shutil.which(PYTHON, path=folder)
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return Path(found)
    raise SetupError(
        f"LocalStack's tests need Python 3.13, and no {PYTHON} on PATH runs",
        hint=f"install it, put its folder on PATH until {PYTHON} --version answers, and run this again",
    )


def run(
    checkout: Path, *, build: Path, workers: int, progress: Callable[[int], None], only: Sequence[str] = ()
) -> list[RecordedTest]:
    """Run the tests, and say what came of each.

    Args:
        checkout: A checkout of github.com/localstack/localstack.
        build: The project's build folder. The environment, the cloud and the reports are below it.
        workers: The number of tests that run at once.
        progress: Is called every second with the number of tests that have ended.
        only: Paths or names of tests, as pytest has them. Empty: all.

    Raises:
        InputError: the folder is no checkout of LocalStack.
        SetupError: Python 3.13 is missing, or the environment cannot be built.
        LocalCloudError: the local cloud does not start.
        CheckError: the tests could not be collected.
    """
    recorded(checkout)
    python = environment.ensure(
        build / "checks", "recorded", PINS, works="import localstack_snapshot", base=interpreter(), no_wheel=NO_WHEEL
    )
    reports = (build / "checks" / "recorded" / "reports").resolve()
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    state = build / "checks" / "recorded" / "cloud"
    control.reset(state)  # some tests have fixed names, so the cloud must be empty
    cloud = control.up(state, tethered=True)
    try:
        variables = _variables(checkout.resolve(), cloud, reports / "tests")
        command: list[str | Path] = [
            python,
            "-m",
            "pytest",
            "-p",
            "recorded_answers",
            "-p",
            "no:cacheprovider",
            "-q",
            "-W",
            "ignore",
        ]
        command += ["-p", "no:localstack.testing.pytest.validation_tracking", f"--rootdir={checkout.resolve()}"]
        command += ["--timeout", str(TEST_SECONDS), f"--ignore={LEFT_OUT}"]
        for targets, at_once in _rounds(checkout, only, workers):
            side_by_side = ["-n", str(at_once), "--dist", "loadfile"] if at_once > 1 else []
            _pytest([*command, *side_by_side, *targets], checkout, variables, reports, progress)
    finally:
        control.reset(state)
    found = _read(reports)
    if not found:
        last = (reports / "pytest.log").read_text().strip().splitlines()[-1:]
        raise CheckError(f"no test ran: {''.join(last)}", hint=f"pytest's output is in {reports / 'pytest.log'}")
    return found


def _rounds(checkout: Path, only: Sequence[str], workers: int) -> list[tuple[list[str], int]]:
    """The tests of the API list all state machines, so they run alone."""
    if only:
        return [(list(only), workers)]
    api = [str(path.relative_to(checkout)) for path in sorted((checkout / ROOT / "v2").glob("test_sfn_api*.py"))]
    return [([f"{ROOT}v2", *(f"--ignore={path}" for path in api)], workers), (api, 1)]


def _variables(checkout: Path, cloud: control.Cloud, report: Path) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(map(str, (checkout / "localstack-core", checkout, PLUGIN))),
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        "RECORDED_REPORT": str(report),
    }


def _pytest(
    command: Sequence[str | Path],
    checkout: Path,
    variables: Mapping[str, str],
    reports: Path,
    progress: Callable[[int], None],
) -> None:
    with (reports / "pytest.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=checkout, env=variables, stdout=log, stderr=subprocess.STDOUT)
        try:
            while True:
                try:
                    process.wait(timeout=1)
                    return
                except subprocess.TimeoutExpired:
                    progress(sum(path.read_bytes().count(b"\n") for path in reports.glob("tests.*")))
        finally:
            process.terminate()
            process.wait()


def _read(reports: Path) -> list[RecordedTest]:
    lines = [line for path in sorted(reports.glob("tests.*")) for line in path.read_text().splitlines()]
    return sorted((outcome(json.loads(line)) for line in lines), key=lambda test: test.name)
