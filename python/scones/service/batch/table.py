"""Writes a batch's table as Parquet and CSV, and counts it.

Example::

    >>> answer = {"classification": "bicycle", "confidence": 0.9, "probabilities": (0.9, 0.1)}
    >>> rows = [BatchRow("b", "one.png", passed=True, **answer)]
    >>> frame = columns(["s3://b/one.png"], rows, ["bicycle", "car"])
    >>> frame["image"], frame["confidence"], frame["probability_car"]
    (['s3://b/one.png'], [0.9], [0.1])
    >>> counted(rows)
    Counts(images=1, passed=1, low_confidence=0, failed={})
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imageclassification import files
from scones.service.batch.rows import BatchRow
from scones.service.workflow import LOW_CONFIDENCE

CSV, PARQUET = "table.csv", "table.parquet"
PROBABILITY = "probability_"


@dataclass(frozen=True)
class Counts:
    """How many images ended how.

    Attributes:
        failed: The number of images by error, the most frequent first.
    """

    images: int
    passed: int
    low_confidence: int
    failed: dict[str, int]


def counted(rows: Sequence[BatchRow]) -> Counts:
    """Count judged rows."""
    errors = Counter(row.error or "" for row in rows)
    passed, low = errors.pop("", 0), errors.pop(LOW_CONFIDENCE, 0)
    return Counts(len(rows), passed, low, dict(errors.most_common()))


def columns(names: Sequence[str], rows: Sequence[BatchRow], labels: Sequence[str]) -> dict[str, list[Any]]:
    """The table's columns, by name.

    Args:
        names: Each image, as its user knows it.
        labels: The names of the classes, in label order.
    """
    found: dict[str, list[Any]] = {
        "image": list(names),
        "class": [row.classification for row in rows],
        "confidence": [row.confidence for row in rows],
    }
    for number, label in enumerate(labels):
        found[f"{PROBABILITY}{label}"] = [row.probabilities[number] if row.probabilities else None for row in rows]
    return found | {
        "passed": [row.passed for row in rows],
        "error": [row.error for row in rows],
        "cause": [row.cause for row in rows],
        "model_version": [row.model_version for row in rows],
        "milliseconds": [row.milliseconds for row in rows],
    }


def write(names: Sequence[str], rows: Sequence[BatchRow], labels: Sequence[str], folder: Path) -> tuple[Path, Path]:
    """Write ``table.parquet`` and ``table.csv`` into a folder. Both are there whole, or as they were before.

    Returns:
        The two files.
    """
    import pyarrow as pa
    from pyarrow import parquet

    frame = columns(names, rows, labels)
    folder.mkdir(parents=True, exist_ok=True)
    types = {
        name: pa.string()
        if name in ("image", "class", "error", "cause")
        else pa.bool_()
        if name == "passed"
        else pa.int64()
        if name == "model_version"
        else pa.float64()
        for name in frame
    }
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(frame, schema=pa.schema(list(types.items()))), sink)
    files.write(folder / PARQUET, sink.getvalue().to_pybytes())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame)
    writer.writerows(zip(*frame.values(), strict=True))
    files.write(folder / CSV, text.getvalue().encode())
    return folder / PARQUET, folder / CSV
