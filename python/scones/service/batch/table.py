"""Writes a batch's table as Parquet and CSV, and counts it.

Example::

    >>> answer = {"classification": "bicycle", "confidence": 0.9, "probabilities": (0.9, 0.1)}
    >>> rows = [BatchRow("b", "one.png", passed=True, **answer)]
    >>> frame = columns(["s3://b/one.png"], rows, ["bicycle", "car"])
    >>> frame["image"], frame["confidence"], frame["probability_car"]
    (['s3://b/one.png'], [0.9], [0.1])
    >>> counted(rows)
    Counts(images=1, passed=1, low_confidence=0, not_one_of_the_classes=0, failed={}, unfinished=0)
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from imageclassification import files
from scones.service.batch.rows import BatchRow
from scones.service.workflow import LOW_CONFIDENCE, NOT_ONE_OF_THE_CLASSES

CSV, PARQUET = "table.csv", "table.parquet"
PROBABILITY = "probability_"
#: Of a group of rows in the Parquet file: 5,000 rows with two classes, 50 with a thousand.
GROUP_CELLS = 50_000


@dataclass(frozen=True)
class Counts:
    """How many images ended how.

    Attributes:
        failed: The number of images by error, the most frequent first.
        unfinished: How many of the failed may have an answer after another try.
    """

    images: int
    passed: int
    low_confidence: int
    not_one_of_the_classes: int
    failed: dict[str, int]
    unfinished: int


def counted(rows: Iterable[BatchRow]) -> Counts:
    """Count judged rows."""
    errors, unfinished = Counter[str](), 0
    for row in rows:
        errors[row.error or ""] += 1
        unfinished += not row.is_final
    images, passed = errors.total(), errors.pop("", 0)
    low, foreign = errors.pop(LOW_CONFIDENCE, 0), errors.pop(NOT_ONE_OF_THE_CLASSES, 0)
    return Counts(images, passed, low, foreign, dict(errors.most_common()), unfinished)


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


def write(named: Iterable[tuple[str, BatchRow]], labels: Sequence[str], folder: Path) -> tuple[Path, Path]:
    """Write ``table.parquet`` and ``table.csv`` into a folder. Both are there whole, or as they were before.

    Few rows are in memory at once.

    Args:
        named: Each image, as its user knows it, and its row.
        labels: The names of the classes, in label order.

    Returns:
        The two files.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, _type(pa, name)) for name in columns([], [], labels)])
    at_once = max(1, GROUP_CELLS // len(schema))
    with (
        files.whole(folder / PARQUET) as one,
        files.whole(folder / CSV) as other,
        parquet.ParquetWriter(one, schema) as groups,
        other.open("w", encoding="utf-8", newline="") as text,
    ):
        writer, rest = csv.writer(text, lineterminator="\n"), iter(named)
        writer.writerow(schema.names)
        while part := list(islice(rest, at_once)):
            frame = columns([name for name, _ in part], [row for _, row in part], labels)
            groups.write_table(pa.table(frame, schema=schema))
            writer.writerows(zip(*frame.values(), strict=True))
    return folder / PARQUET, folder / CSV


def _type(pa: Any, name: str) -> Any:
    if name in ("image", "class", "error", "cause"):
        return pa.string()
    return {"passed": pa.bool_(), "model_version": pa.int64()}.get(name, pa.float64())
