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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud import log
from localcloud.context import Context
from localcloud.durability.upkeep import every
from localcloud.identifiers import new_uuid
from localcloud.sagemaker.role import ExecutionRole

FLUSH_SECONDS = 1.0
TABLE = """CREATE TABLE IF NOT EXISTS captured (
    number INTEGER PRIMARY KEY, target TEXT NOT NULL, began REAL NOT NULL, line TEXT NOT NULL)"""


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
    metadata: dict[str, Any] = {"eventId": new_uuid()}
    if inference_id:
        metadata["inferenceId"] = inference_id
    if custom_attributes:
        metadata["customAttributes"] = [custom_attributes]
    metadata["inferenceTime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}


def key(target: Target, now: datetime) -> str:
    """The S3 address of a new file, whose first event is from ``now``."""
    name = f"{now:%M-%S}-{now.microsecond // 1000:03}-{new_uuid()}.jsonl"
    return f"{target.destination.rstrip('/')}/{target.endpoint}/{target.variant}/{now:%Y/%m/%d/%H}/{name}"


class Captures:
    """Collects events and writes them to S3 once a second, one file for each target.

    An event is kept before its request is answered. When its file is kept, it is dropped in the same transaction.
    """

    def __init__(self, context: Context) -> None:
        self._context, self._database = context, context.database
        self._waiting: dict[Target, tuple[datetime, list[str]]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._database.declare(TABLE)

    def begin(self) -> None:
        """Take up the events that an earlier cloud had no time to write, and begin to write files."""
        for target, began, line in self._database.read("SELECT target, began, line FROM captured ORDER BY number"):
            waiting = self._waiting.setdefault(self._target(target), (datetime.fromtimestamp(began, UTC), []))
            waiting[1].append(line)
        every(FLUSH_SECONDS, self.flush)

    def add(self, target: Target, line: Mapping[str, Any]) -> None:
        """Keep an event for the next file. It is kept when this returns."""
        text, now = json.dumps(line, separators=(",", ":")), datetime.now(UTC)
        with self._database.lock:  # so that a file has all of the events that are dropped with it
            statement = "INSERT INTO captured (target, began, line) VALUES (?, ?, ?)"
            self._database.now(statement, [(_named(target), now.timestamp(), text)])
            with self._lock:
                self._waiting.setdefault(target, (now, []))[1].append(text)

    def flush(self) -> None:
        """Write all kept events. They are in S3 when this returns."""
        with self._writing:
            with self._database.lock, self._lock:
                waiting, self._waiting = self._waiting, {}
                ((last,),) = self._database.read("SELECT coalesce(max(number), 0) FROM captured")
            for target, (began, rows) in waiting.items():
                content = "".join(f"{row}\n" for row in rows).encode()
                try:
                    with self._database.together(), self._context.backends.change():
                        target.role.write(key(target, began), content, kms_key_id=target.kms_key_id)
                        self._drop(target, last)
                except Exception as error:  # noqa: BLE001  a missing bucket must not stop the capture of others
                    self._drop(target, last)
                    log.line(f"data capture lost {len(rows)} events of endpoint {target.endpoint}:")
                    log.failure(error)

    def _drop(self, target: Target, last: int) -> None:
        self._database.now("DELETE FROM captured WHERE target = ? AND number <= ?", [(_named(target), last)])

    def _target(self, named: str) -> Target:
        destination, endpoint, variant, kms_key_id, role_arn, account, region = json.loads(named)
        role = ExecutionRole(self._context.roles, role_arn, account, region)
        return Target(role, destination, endpoint, variant, kms_key_id)


def _named(target: Target) -> str:
    """A target as text."""
    role = target.role
    parts = [target.destination, target.endpoint, target.variant, target.kms_key_id]
    return json.dumps([*parts, role.role_arn, role.account, role.region])


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
