"""Captured lines as SageMaker writes them. The tests vary them."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scones.settings import ROOT


def _png(size: tuple[int, int] = (32, 32), colour: str = "teal") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def _line(
    output: Any = (0.9, 0.1),
    *,
    image: bytes | None = None,
    encoding: str = "JSON",
    time: str = "2026-11-22T12:00:00Z",
    event_id: str = "",
    **metadata: Any,
) -> str:
    """One captured request. ``output`` is a list of probabilities, or the exact text of the answer."""
    text = output if isinstance(output, str) else json.dumps(list(output))
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    sides = {
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": data,
            "encoding": encoding,
        }
    }
    if image is not None:
        sides["endpointInput"] = {
            "observedContentType": "image/png",
            "mode": "INPUT",
            "data": base64.b64encode(image).decode(),
            "encoding": "BASE64",
        }
    about = {"eventId": event_id or f"id-{time}-{text}", "inferenceTime": time, **metadata}
    return json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"})


@pytest.fixture
def png():
    """Makes a PNG's bytes."""
    return _png


@pytest.fixture
def capture_line():
    """Makes a captured line."""
    return _line


@pytest.fixture
def folder(tmp_path: Path):
    """Writes lines into a captured file and returns its folder."""

    def write(*lines: str | bytes, name: str = "e/AllTraffic/2026/11/22/12/00-00-000-a.jsonl") -> Path:
        path = tmp_path / "captures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines) + b"\n")
        return tmp_path / "captures"

    return write


@pytest.fixture
def real_traffic() -> Path:
    """Files that AWS wrote, in a folder next to the checkout."""
    path = ROOT.parent / "shared" / "data" / "capture-examples"
    if not path.is_dir():
        pytest.skip("the real captured traffic is not beside this checkout")
    return path
