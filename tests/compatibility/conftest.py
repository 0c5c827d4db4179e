"""SageMaker's SDK 2 and 3, each in the environment that ``invoke notebook`` builds for its kernels.

An environment is built once, under ``build/notebook``. If it cannot be built, its tests are skipped, and the run's
summary says so.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scones import settings
from scones.errors import SetupError
from scones.notebook import identity, kernel

BUILD = Path(__file__).resolve().parents[2] / "build"
NOT_RUN: dict[int, str] = {}  # the reason for each SDK, for the summary


@pytest.fixture(scope="session")
def python_of() -> Callable[[int], Path]:
    """The Python with a version of SageMaker's SDK."""

    def find(sdk: int) -> Path:
        try:
            return kernel.ensure(BUILD, sdk)
        except SetupError as error:
            NOT_RUN[sdk] = error.message
            pytest.skip(f"SageMaker's SDK {sdk} is not to be had here: {error.message}")

    return find


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


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NOT_RUN:
        terminalreporter.section("COMPATIBILITY WAS NOT TESTED", red=True, bold=True)
        for sdk, reason in NOT_RUN.items():
            terminalreporter.line(
                f"Nothing was run with SageMaker's SDK {sdk}, since it is not to be had here: {reason}"
            )
