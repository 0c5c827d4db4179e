"""Each tool has its own environment. If it cannot be built, its tests are skipped, and the run's summary says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from scones import settings
from scones.delivery.checks import checkov, environment, workflows
from scones.errors import SetupError

NOT_RUN: list[str] = []  # the reason, for the summary


def build(name: str, pins: Path, *, works: str) -> Path:
    """The build folder with a tool's environment. It is tried once, because pytest remembers a fixture's skip."""
    try:
        environment.ensure(settings.ROOT / "build" / "checks", name, pins, works=works)
    except SetupError as error:
        NOT_RUN.append(error.message)
        pytest.skip(error.message)
    return settings.ROOT / "build"


@pytest.fixture(scope="session")
def scan() -> Callable[[Path], checkov.Report]:
    """A function that runs checkov on a folder and returns its report."""
    return partial(checkov.scan, build=build("checkov", checkov.PINS, works="import checkov.main"))


@pytest.fixture(scope="session")
def report(scan: Callable[[Path], checkov.Report]) -> checkov.Report:
    """Checkov's report on the project's own Terraform files."""
    return scan(settings.ROOT / "terraform")


@pytest.fixture(scope="session")
def lint() -> Callable[[Path], list[str]]:
    """A function that returns the findings on a project's workflow files."""
    return partial(workflows.lint, build=build("workflows", workflows.PINS, works="import check_jsonschema"))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NOT_RUN:
        terminalreporter.section("CHECKS DID NOT RUN", red=True, bold=True)
        for why in sorted(set(NOT_RUN)):
            terminalreporter.line(f"Nothing was checked: {why}")
