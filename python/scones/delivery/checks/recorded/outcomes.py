"""Reads what came of the recorded tests: passed, failed and of which kind, and whether the reason is known.

Example::

    >>> reasons = read_reasons('[[reason]]\\nwhy = "the local cloud has no ECS"\\ntests = ["v2/services/test_ecs*"]')
    >>> test = outcome({"test": f"{ROOT}v2/services/test_ecs.py::test_run", "phases": {"setup": "failed"}})
    >>> test.folder, test.verdict, test.kind
    ('v2/services', 'failed', 'its set-up fails')
    >>> reason_of(test, reasons)
    'the local cloud has no ECS'
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ROOT = "tests/aws/services/stepfunctions/"
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
DECLINED = re.compile(r"the local cloud (does not|cannot)")

# LocalStack's own markers of tests that have no answer of AWS to compare with.
MARKS = {
    "aws_only_localstack": "only for LocalStack (its own marker)",
    "aws_needs_fixing": "fails on AWS too (its own marker)",
    "aws_unknown": "never tried on AWS (its own marker)",
}


@dataclass(frozen=True)
class RecordedTest:
    """What came of a test.

    Attributes:
        name: The test, without the folder that all have: ``v2/base/test_base.py::TestSnfBase::test_state_fail``.
        verdict: ``passed``, ``failed`` or ``not run``.
        kind: Why it did not pass, in a few words that many tests share.
        detail: The first difference, or the error.
    """

    name: str
    verdict: str
    kind: str = ""
    detail: str = ""

    @property
    def folder(self) -> str:
        """The test's folder, such as ``v2/base``; a file that stands in no folder has its own name."""
        return folder_of(self.name)


@dataclass(frozen=True)
class Row:
    """A line of the table: how many tests of a folder are recorded, passed, failed, and did not run."""

    folder: str
    recorded: int
    passed: int
    failed: int
    not_run: int


def folder_of(name: str) -> str:
    """The folder of a test.

    Example::

        >>> folder_of("v2/base/test_base.py::test_a"), folder_of("v2/test_sfn_api.py::test_a")
        ('v2/base', 'v2/test_sfn_api')
    """
    parts = name.removeprefix(ROOT).partition("::")[0].split("/")
    return "/".join(parts[:2]).removesuffix(".py")


def outcome(record: Mapping[str, Any]) -> RecordedTest:
    """What came of a test, from the line that the plugin has written.

    Args:
        record: ``test``, ``phases`` (setup, call, teardown: passed, failed or skipped), ``marks``, ``error`` and
            ``differences`` (each with ``answer``, ``place``, ``aws`` and ``here``). The last three may be missing.
    """
    name, phases = record["test"].removeprefix(ROOT), record["phases"]
    marks = [MARKS[mark] for mark in record.get("marks", []) if mark in MARKS]
    error = record.get("error", "")
    if "aws_only_localstack" in record.get("marks", []):
        return RecordedTest(name, NOT_RUN, marks[0])
    if "skipped" in phases.values():
        return RecordedTest(name, NOT_RUN, "skips itself", error)
    if phases.get("call") == "passed":
        return RecordedTest(name, PASSED)
    if marks:
        return RecordedTest(name, NOT_RUN, marks[0], error)
    if "No state for" in error and "recorded" in error:
        return RecordedTest(name, NOT_RUN, "nothing is recorded", error)
    differences = record.get("differences", [])
    words = error + "".join(difference["here"] for difference in differences)
    detail = _shown(differences[0]) if differences else error
    return RecordedTest(name, FAILED, _kind(phases, differences, words), detail)


def _kind(phases: Mapping[str, str], differences: list[Mapping[str, str]], words: str) -> str:
    if DECLINED.search(words):
        return "the local cloud says that it does not do this"
    if phases.get("setup") != "passed":
        return "its set-up fails"
    if not differences:
        return "AWS refuses, the local cloud accepts" if "DID NOT RAISE" in words else "an error where AWS answered"
    texts = {"cause", "Cause", "message", "Message", "exception_value"}
    if all(texts & set(difference["place"].split(".")) for difference in differences):
        return "another text of an error"
    if any("history" in difference["answer"] for difference in differences):
        return "another history"
    return "another answer"


def _shown(difference: Mapping[str, str]) -> str:
    place = ".".join(filter(None, (difference["answer"], difference["place"])))
    return f"{place}: AWS {difference['aws']} | here {difference['here']}"


def rows(recorded: Iterable[str], tests: Iterable[RecordedTest]) -> list[Row]:
    """The table by folder. The last row sums up.

    Args:
        recorded: The names of the tests that the snapshot files have.
    """
    there = Counter(map(folder_of, recorded))
    found = Counter((test.folder, test.verdict) for test in tests)
    folders = sorted(there.keys() | {folder for folder, _ in found})
    made = [Row(name, there[name], found[name, PASSED], found[name, FAILED], found[name, NOT_RUN]) for name in folders]
    sums = (sum(column) for column in zip(*((r.recorded, r.passed, r.failed, r.not_run) for r in made), strict=True))
    return [*made, Row("all", *sums)] if made else []


def read_reasons(text: str) -> dict[str, str]:
    """The reasons for known failures, by the pattern of the tests' names, in which ``*`` stands for anything."""
    return {pattern: entry["why"] for entry in tomllib.loads(text).get("reason", []) for pattern in entry["tests"]}


def matches(pattern: str, test: RecordedTest) -> bool:
    """Whether a pattern of ``reasons.toml`` means a test. Only ``*`` is special, because ``[`` stands in many names."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), test.name) is not None


def reason_of(test: RecordedTest, reasons: Mapping[str, str]) -> str | None:
    """The known reason for a test's failure. None: the failure is news."""
    return next((why for pattern, why in reasons.items() if matches(pattern, test)), None)


def unused(tests: Iterable[RecordedTest], reasons: Mapping[str, str]) -> list[str]:
    """The patterns that explain no failure."""
    failed = [test for test in tests if test.verdict == FAILED]
    return [pattern for pattern in reasons if not any(matches(pattern, test) for test in failed)]
