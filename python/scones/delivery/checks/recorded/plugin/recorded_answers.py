"""A pytest plugin for LocalStack's tests: they call AWS's endpoint of the environment, and each writes a line of JSON.

It runs in the environment of the recorded tests and imports nothing of this project. ``RECORDED_REPORT`` names the file
of the lines. The tests run in LocalStack's mode for AWS, in which nothing of LocalStack is started. What differs:

- The tests ask for an execution's end more often, because the cloud is on this machine.
- No execution is spent on waiting until a new role can be used.
- Tests that LocalStack skips for its own sake run, because AWS's answers are recorded.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ASK_SECONDS = 0.2
LONGEST_WAIT = 60.0  # seconds until a test gives up waiting; LocalStack waits for 120

os.environ |= {
    "TEST_TARGET": "AWS_CLOUD",
    "TEST_SKIP_LOCALSTACK_START": "1",
    "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    "DISABLE_EVENTS": "1",
}

# A checkout has no version file: LocalStack's build writes it.
_version = types.ModuleType("localstack.version")
_version.__dict__["__version__"] = _version.__dict__["version"] = "0.0.0"
sys.modules.setdefault("localstack.version", _version)

_record: dict[str, Any] = {}


def pytest_configure() -> None:
    """Adapt LocalStack's test tools before a test is collected."""
    import _pytest.skipping
    from localstack.testing.pytest.stepfunctions import fixtures, utils  # type: ignore[import-not-found]
    from localstack_snapshot.snapshots import prototype  # type: ignore[import-not-found]

    _pytest.skipping.evaluate_skip_marks = lambda item: None
    utils._SAMPLING_INTERVAL_SECONDS_AWS_CLOUD = ASK_SECONDS
    fixtures.is_aws_cloud = lambda: False  # asked there only for the wait for a new role
    wait = utils.poll_condition

    def poll_condition(condition: Any, timeout: float | None = None, interval: float = 0.5) -> Any:
        return wait(condition, timeout=min(timeout or LONGEST_WAIT, LONGEST_WAIT), interval=interval)

    utils.poll_condition = poll_condition
    compare = prototype.SnapshotSession._assert_all

    def assert_all(session: Any, verify_test_case: bool = True, skip_verification_paths: Any = None) -> Any:
        # Strictly: skip_verification_paths are the differences that LocalStack allows itself.
        try:
            return compare(session, verify_test_case, None)
        except prototype.SnapshotAssertionError as error:
            _record["differences"] = [one for found in error.result if not found for one in _differences(found)]
            raise

    prototype.SnapshotSession._assert_all = assert_all


def _differences(found: Any) -> Iterator[dict[str, str]]:
    for levels in found.result.values():
        for level in levels:
            place = ".".join("*" if isinstance(step, int) else str(step) for step in level.path(output_format="list"))
            yield {"answer": found.key, "place": place, "aws": repr(level.t1)[:300], "here": repr(level.t2)[:300]}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep what came of each phase, and write the line after the last one."""
    report: Any = yield
    if report.when == "setup":
        _record.clear()
    _record.setdefault("phases", {})[report.when] = report.outcome
    if call.excinfo is not None:
        _record.setdefault("error", f"{call.excinfo.typename}: {call.excinfo.value}"[:1500])
    if report.when == "teardown":
        marks = sorted({mark.name for mark in item.iter_markers()})
        line = json.dumps({"test": item.nodeid, "marks": marks, **_record})
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        with Path(f"{os.environ['RECORDED_REPORT']}.{worker}").open("a") as file:
            file.write(line + "\n")
    return report
