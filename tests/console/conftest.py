"""A console on a local cloud with the project's workflow, and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cloud as workflow
from benchmarks.cloud import LOCAL, Server
from localcloud import control
from scones.console import browser as browsers
from scones.console import server
from scones.console.desk import Desk
from scones.settings import Environment
from tests.conftest import LocalCloud
from tests.terraform.workbench import copy_of_the_project

SECONDS = 90  # how long the browser waits for something, on a machine that does much else beside


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud of its own, with functions, state machine and an endpoint of an untrained model."""
    folder = tmp_path_factory.mktemp("console")
    running = control.up(folder / "cloud", port=0, tethered=True)
    try:
        found = LocalCloud(running)
        server = Server(LOCAL, running.endpoint, running.pid, running.access_key_id, running.secret_access_key)
        workflow.deploy_workflow(server, folder, layers=20, shape=(3, 28, 28))
        found.client("s3").put_object(Bucket=workflow.BUCKET, Key="dark.png", Body=dark())
        yield found
    finally:
        control.down(folder / "cloud")


@pytest.fixture(scope="session")
def environment(shop: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment of that cloud, in a copy of the project."""
    found = copy_of_the_project(tmp_path_factory.mktemp("project"), shop.state)
    return replace(found, cloud_path=shop.state / control.ADDRESS)  # the cloud's log is beside it


@pytest.fixture(scope="session")
def outputs(shop: LocalCloud) -> dict[str, dict[str, Any]]:
    """What the stacks would say."""
    machine = f"arn:aws:states:us-east-1:123456789012:stateMachine:{workflow.WORKFLOW}"
    return {
        "foundation": {"bucket": workflow.BUCKET, "model_package_group_name": "bench"},
        "service": {
            "state_machine_arn": machine,
            "endpoint_name": workflow.ENDPOINT,
            "capture_uri": f"s3://{workflow.BUCKET}/captures",
            "alarm_names": [],
            "budget": None,
            "arrival": None,
            "batch": None,
        },
    }


@pytest.fixture(scope="session")
def desk(environment: Environment, shop: LocalCloud, outputs: dict[str, dict[str, Any]]) -> Desk:
    """The desk of a console that may change things."""
    return Desk(environment, shop.client, outputs.__getitem__, may_write=True)


@pytest.fixture(scope="session")
def address(desk: Desk) -> Iterator[str]:
    """The address that ``invoke console`` says."""
    with server.served(desk) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser. It is closed with the file's last test, because its event loop runs in the tests' own thread."""
    if not browsers.chromium():
        pytest.skip("NO BROWSER: install Chromium (Debian: apt-get install chromium) to see that the console works")
    with browsers.browser() as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page with the cookie. A script's error or a refusal by the Content-Security-Policy fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found, problems = context.new_page(), []
    found.set_default_timeout(1000 * SECONDS)
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    # A refused request is said on the page, and Chromium says it too.
    refused = "Failed to load resource: the server responded with a status of 400 (Bad Request)"
    found.goto(address)
    yield found
    context.close()
    assert [one for one in problems if one != refused] == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of which the untrained model is not sure."""
    path = tmp_path / "dark.png"
    path.write_bytes(dark())
    return path


def dark() -> bytes:
    """A picture that is almost black."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (28, 28), (1, 0, 0)).save(file, "PNG")
    return file.getvalue()
