"""Data capture: an endpoint's requests and answers, as the JSON lines that SageMaker puts into S3.

Source of the format and the keys: SageMaker's developer guide, "Capture data from real-time endpoint", and files
captured on AWS. On AWS a file appears some minutes after its events. Here it takes about a second.

Example (not run: it needs a running cloud)::

    captures = Captures()
    captures.add(target, event(config, request=request, answer=answer, now=datetime.now(UTC)))
    # s3://bucket/captures/scones/AllTraffic/2026/01/28/12/09-35-872-29a26d11-….jsonl
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
    """The destination of one variant's events.

    Attributes:
        role: Writes the files, in the role of the variant's model.
        destination: DestinationS3Uri.
        endpoint: The endpoint's name, a part of the key.
        variant: The variant's name, a part of the key.
        kms_key_id: The KMS key of the files. None uses the bucket's default encryption.
    """

    role: ExecutionRole
    destination: str
    endpoint: str
    variant: str
    kms_key_id: str | None = None


@dataclass(frozen=True)
class Message:
    """A request's or an answer's content type and body."""

    content_type: str
    body: bytes


def sampled(config: Mapping[str, Any] | None, draw: Callable[[], float] = random.random) -> bool:
    """Whether a request is captured: data capture is enabled, and the request is in the sample.

    Args:
        config: DataCaptureConfig. None if there is none.
        draw: Returns a random number from 0 to 1.

    Example::

        >>> sampled({"InitialSamplingPercentage": 20}, draw=lambda: 0.19)
        True
        >>> sampled({"InitialSamplingPercentage": 20}, draw=lambda: 0.2)
        False
        >>> sampled(None)
        False
    """
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
        config: DataCaptureConfig. CaptureOptions choose the directions. CaptureContentTypeHeader chooses the content
            types that are stored as text; other bodies are stored in Base64.
        now: The time of the answer.
        inference_id: InferenceId of the request, if it has one.
        custom_attributes: CustomAttributes of the request, if it has any.

    Example::

        >>> config = {
        ...     "CaptureOptions": [{"CaptureMode": "Output"}],
        ...     "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        ... }
        >>> request, answer = Message("image/png", b"..."), Message("application/json", b"[0.1, 0.9]")
        >>> line = event(config, request=request, answer=answer, now=datetime(2026, 1, 28, 12, 9, 35))
        >>> line["captureData"]["endpointOutput"]["data"], line["eventMetadata"]["inferenceTime"]
        ('[0.1, 0.9]', '2026-01-28T12:09:35Z')
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
    """The S3 address of a new file, whose first event is from ``now``."""
    name = f"{now:%M-%S}-{now.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
    return f"{target.destination.rstrip('/')}/{target.endpoint}/{target.variant}/{now:%Y/%m/%d/%H}/{name}"


class Captures:
    """Collects events and writes them to S3 once a second, one file for each target."""

    def __init__(self) -> None:
        self._waiting: dict[Target, tuple[datetime, list[str]]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        threading.Thread(target=self._run, name="data-capture", daemon=True).start()

    def add(self, target: Target, line: Mapping[str, Any]) -> None:
        """Keep an event for the next file."""
        text = json.dumps(line, separators=(",", ":"))
        with self._lock:
            self._waiting.setdefault(target, (datetime.now(UTC), []))[1].append(text)

    def flush(self) -> None:
        """Write all kept events. They are in S3 when this returns."""
        with self._writing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            for target, (began, rows) in waiting.items():
                content = "".join(f"{row}\n" for row in rows).encode()
                try:
                    target.role.write(key(target, began), content, kms_key_id=target.kms_key_id)
                except Exception as error:  # noqa: BLE001  a missing bucket must not stop the capture of others
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
            except UnicodeDecodeError:  # the content type is wrong: store it in Base64
                break
    return "BASE64", base64.b64encode(message.body).decode()
