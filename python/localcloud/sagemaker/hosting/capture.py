"""Data capture: what passes through an endpoint, as the JSON lines that SageMaker puts into S3.

Example::

    captures = Captures()
    captures.add(target, event(config, content_type="image/png", body=png, …))
    # s3://bucket/captures/scones/AllTraffic/2026/01/28/12/09-35-872-29a26d11-….jsonl

Format and key layout: SageMaker's developer guide, "Capture data from real-time endpoint", and files captured on AWS.
On AWS a file appears some minutes after its events; here it takes about a second.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud import log
from localcloud.sagemaker.role import ExecutionRole

FLUSH_SECONDS = 1.0


@dataclass(frozen=True)
class Target:
    """Where events are put: one variant's folder.

    Attributes:
        role: The role of the variant's model, in whose name they are written.
        destination: DestinationS3Uri.
        endpoint, variant: The names that the key begins with.
        kms_key_id: The key that encrypts the files, if one is given.
    """

    role: ExecutionRole
    destination: str
    endpoint: str
    variant: str
    kms_key_id: str | None = None


@dataclass(frozen=True)
class Message:
    """What passed in one direction."""

    content_type: str
    body: bytes


def sampled(config: Mapping[str, Any] | None, draw: Callable[[], float] = random.random) -> bool:
    """Whether this request is one of those that are captured."""
    if not config or not config.get("EnableCapture", True):
        return False
    return draw() * 100 < config.get("InitialSamplingPercentage", 100)


def event(
    config: Mapping[str, Any],
    *,
    request: Message,
    answer: Message,
    now: datetime,
    inference_id: str | None = None,
    custom_attributes: str | None = None,
) -> dict[str, Any]:
    """One line of a capture file.

    Args:
        config: DataCaptureConfig: which directions, and which content types are kept as they are.
        request, answer: What went in and what came out.
        now: When it was answered.
        inference_id, custom_attributes: What the caller sent with InvokeEndpoint.
    """
    modes = {option["CaptureMode"] for option in config.get("CaptureOptions") or []}
    kinds = config.get("CaptureContentTypeHeader") or {}
    captured = {}
    if modes & {"Input", "InputAndOutput"}:
        captured["endpointInput"] = _side("INPUT", request, kinds)
    if modes & {"Output", "InputAndOutput"}:
        captured["endpointOutput"] = _side("OUTPUT", answer, kinds)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if inference_id:
        metadata["inferenceId"] = inference_id
    if custom_attributes:
        metadata["customAttributes"] = [custom_attributes]
    metadata["inferenceTime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}


def key(target: Target, now: datetime) -> str:
    """The address of a file whose first event is of ``now``."""
    name = f"{now:%M-%S}-{now.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
    return f"{target.destination.rstrip('/')}/{target.endpoint}/{target.variant}/{now:%Y/%m/%d/%H}/{name}"


class Captures:
    """Events on their way to S3: kept for a moment, so that several share a file."""

    def __init__(self) -> None:
        self._waiting: dict[Target, tuple[datetime, list[str]]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        threading.Thread(target=self._run, name="data-capture", daemon=True).start()

    def add(self, target: Target, line: Mapping[str, Any]) -> None:
        """Keep an event until the next flush."""
        text = json.dumps(line, separators=(",", ":"))
        with self._lock:
            self._waiting.setdefault(target, (datetime.now(UTC), []))[1].append(text)

    def flush(self) -> None:
        """Write every event there is; when this returns they are in S3."""
        with self._writing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            for target, (began, rows) in waiting.items():
                content = "".join(f"{row}\n" for row in rows).encode()
                try:
                    target.role.write(key(target, began), content, kms_key_id=target.kms_key_id)
                except Exception as error:  # noqa: BLE001  one missing bucket must not end the capture of all endpoints
                    log.line(f"data capture lost {len(rows)} events of endpoint {target.endpoint}:")
                    log.failure(error)

    def _run(self) -> None:
        while True:
            time.sleep(FLUSH_SECONDS)
            self.flush()


def _side(mode: str, message: Message, kinds: Mapping[str, Any]) -> dict[str, str]:
    encoding, data = _encode(message, kinds)
    return {"observedContentType": message.content_type, "mode": mode, "data": data, "encoding": encoding}


def _encode(message: Message, kinds: Mapping[str, Any]) -> tuple[str, str]:
    media_type = message.content_type.partition(";")[0].strip().lower()
    for encoding, listed in (("JSON", "JsonContentTypes"), ("CSV", "CsvContentTypes")):
        if media_type in (kind.lower() for kind in kinds.get(listed) or []):
            try:
                return encoding, message.body.decode()
            except UnicodeDecodeError:  # it is not what it says
                break
    return "BASE64", base64.b64encode(message.body).decode()
