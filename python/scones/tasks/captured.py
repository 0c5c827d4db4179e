"""Fetches captured traffic for ``invoke capture`` and ``invoke ab.status``, and waits for what is still to come.

Example (not run: it needs a running cloud)::

    found, coming = fetch(console, environment, clients, outputs, Period(), wait=True)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones.errors import CloudError, SconesError
from scones.steps import Waiting, bars

if TYPE_CHECKING:
    from rich.console import Console

    from scones.service.capture import Capture, Period
    from scones.service.capture.labels import KnownImages
    from scones.service.capture.sent import ToCome
    from scones.settings import Environment

WORKERS = 8
WAIT_SECONDS = 900.0
PAUSE_SECONDS = 2.0


def fetch(
    console: Console,
    environment: Environment,
    clients: Mapping[str, Any],
    outputs: Mapping[str, Any],
    period: Period,
    *,
    endpoint: str | None = None,
    classes: tuple[str, ...] = (),
    wait: bool = False,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[Capture, list[ToCome]]:
    """Download an endpoint's captured traffic, and read it, each event with the model that answered.

    Args:
        clients: boto3 clients by name: s3 and sagemaker.
        outputs: The service stack's outputs.
        endpoint: The endpoint's name. By default, the service stack's.
        classes: The class labels where the model is not known.
        wait: Wait until all that this checkout has sent is captured, at most WAIT_SECONDS.
        clock: Gives the time in seconds.
        pause: Waits for a number of seconds.

    Returns:
        The captured traffic, and what of the sent requests is not captured.

    Raises:
        CloudError: nothing was captured in the period.
    """
    from scones.service import capture
    from scones.service.capture import sent

    name, uri, folder = endpoint or outputs["endpoint_name"], outputs["capture_uri"], environment.captures
    notes = sent.kept(folder, name, period)
    give_up, new, size = clock() + WAIT_SECONDS, 0, 0
    while True:
        with bars(console) as progress:
            files = capture.download(
                clients["s3"], uri, name, folder, period=period, workers=WORKERS, progress=progress
            )
        new, size = new + files.new, size + files.size
        with Waiting(console, "reading"):
            models = capture.look_up(clients["sagemaker"], files.paths, name, folder, classes)
            found = capture.read(files.paths, period, models)
        coming = _coming(clients["sagemaker"], name, notes, found)
        expected = [one for one in coming if not one.late]
        if not wait or not expected or clock() > give_up:
            break
        with Waiting(console, f"{expected[0]}: waiting"):
            pause(PAUSE_SECONDS)
    if not found.events:
        raise nothing_captured(name, uri, period, found, expected)
    console.print(f"{new:,} new files ({size / 1e6:.1f} MB), {len(files.paths) - new:,} here already", highlight=False)
    return found, coming


def nothing_captured(endpoint: str, uri: str, period: Any, found: Any, coming: Sequence[ToCome] = ()) -> SconesError:
    """The error for an endpoint without captured traffic."""
    broken = f" ({len(found.broken)} broken lines, the first: {found.broken[0]})" if found.broken else ""
    still = "".join(f"; {one}" for one in coming)
    return CloudError(
        f"nothing was captured from endpoint {endpoint} {period}: no event under {uri}/{endpoint}/{broken}{still}",
        hint="AWS writes captures a few minutes after the requests. To wait for them: invoke capture --wait"
        if coming
        else "AWS writes captures a few minutes after the requests: if there were any just now, try again then;\n"
        "else make some with: invoke execute --image PATH, or invoke evaluate; or look further back: --since 90d",
    )


def labels_in(environment: Environment, folder: str | None) -> KnownImages:
    """The test images' labels, also of earlier data sets.

    Args:
        folder: The data set's. By default the one in the build folder, if there is one.
    """
    from scones.dataset import load
    from scones.errors import DatasetError
    from scones.service.capture.labels import remember

    try:
        dataset = load(Path(folder).expanduser() if folder else environment.build / "dataset")
    except DatasetError:
        if folder:
            raise
        dataset = None
    return remember(environment.captures, dataset)


def _coming(sagemaker: Any, endpoint: str, notes: Sequence[Any], found: Capture) -> list[ToCome]:
    """What is not captured. The endpoint is described only if something may be."""
    from scones.service.capture import sent

    now = datetime.now(UTC)
    if not sent.to_come(notes, found.events, sent.Capturing(), now=now):
        return []
    return sent.to_come(notes, found.events, sent.capturing(sagemaker, endpoint), now=now)
