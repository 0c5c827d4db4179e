"""A model that loads, and whose process dies as soon as it gets requests."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.serve import noise

PAUSE_SECONDS = 0.1


@contextmanager
def failing(cloud: Any, endpoint: str, artifact_sha256: str) -> Iterator[None]:
    """Send requests to an endpoint, and kill the processes that serve an artifact once they get some of them."""
    over = threading.Event()
    worker = threading.Thread(target=_work, args=(cloud, endpoint, artifact_sha256, over), daemon=True)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()


def _work(cloud: Any, endpoint: str, artifact_sha256: str, over: threading.Event) -> None:
    sagemaker, runtime = cloud.client("sagemaker"), cloud.client("sagemaker-runtime")
    folder, image = Path(cloud.state) / "endpoints" / endpoint, noise(20)
    served: set[str] = set()
    while not over.wait(PAUSE_SECONDS):
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        processes = _processes(folder, artifact_sha256)
        if found["EndpointStatus"] == "InService" and processes:
            served.add(found["EndpointConfigName"])
        if _stage(found) != "Creating" or found["EndpointConfigName"] in served:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        with contextlib.suppress(ClientError):
            runtime.invoke_endpoint(EndpointName=endpoint, ContentType="image/png", Body=image)


def _stage(endpoint: dict[str, Any]) -> str:
    """The stage of an update; empty if there is none."""
    pending = endpoint.get("PendingDeploymentSummary")
    return str(pending["ProductionVariants"][0]["VariantStatus"][0]["Status"]) if pending else ""


def _processes(folder: Path, artifact_sha256: str) -> list[int]:
    """The processes that work below a folder and serve an artifact."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            where = (process / "cwd").readlink()
            if where.is_relative_to(folder):
                content = (where / "model.tar.gz").read_bytes()
                if hashlib.sha256(content).hexdigest() == artifact_sha256:
                    found.append(int(process.name))
    return found
