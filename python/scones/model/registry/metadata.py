"""Stores facts about a model in the CustomerMetadataProperties of its model package.

Example::

    >>> properties = to_metadata(job="scones-dev-1", artifact_sha256="5f1c", class_labels=("bicycle", "motor cycle"),
    ...     metrics={"validation:accuracy": 0.93}, dataset_fingerprint="3f9a", git_commit="")
    >>> properties["class_labels"]
    'bicycle/motor=20cycle'
    >>> from_metadata(properties)["class_labels"]
    ('bicycle', 'motor cycle')

Source of the limits: CreateModelPackage's API reference, CustomerMetadataProperties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack
from urllib.parse import quote, unquote

_METRIC = "metric:"
_LABELS = "class_labels"
_LENGTH = 256  # of a value


class ModelFacts(TypedDict):
    """The facts about a model. See :class:`~scones.model.registry.pinned.PinnedModel`."""

    job: str
    artifact_sha256: str
    class_labels: tuple[str, ...]
    metrics: Mapping[str, float]
    dataset_fingerprint: str
    git_commit: str


def to_metadata(**facts: Unpack[ModelFacts]) -> dict[str, str]:
    """Encode facts as CustomerMetadataProperties.

    Values may have 1 to 256 letters, digits, spaces and ``_.:/=+-@``. Class labels are joined by ``/``. Other
    characters become ``=`` and two hexadecimal digits for each UTF-8 byte. Long class labels continue in
    ``class_labels.2``, ``class_labels.3``, and so on. An empty fingerprint or commit is left out.
    """
    text = "/".join(quote(label, safe="").replace("%", "=").replace("~", "=7E") for label in facts["class_labels"])
    parts = [text[begin : begin + _LENGTH] for begin in range(0, len(text), _LENGTH)]
    known = {"dataset_fingerprint": facts["dataset_fingerprint"], "git_commit": facts["git_commit"]}
    return {
        "job": facts["job"],
        "artifact_sha256": facts["artifact_sha256"],
        **{name: value for name, value in known.items() if value},
        **{_METRIC + name: f"{value:.6f}" for name, value in facts["metrics"].items()},
        **{_LABELS + (f".{place}" if place > 1 else ""): part for place, part in enumerate(parts, start=1)},
    }


def from_metadata(properties: Mapping[str, str]) -> dict[str, Any]:
    """Decode the facts that :func:`to_metadata` encoded.

    Raises:
        KeyError: a property is missing. The version was not registered by this project.
    """
    parts = [properties[_LABELS]]
    while more := properties.get(f"{_LABELS}.{len(parts) + 1}"):
        parts.append(more)
    return {
        **{name: properties[name] for name in ("job", "artifact_sha256")},
        **{name: properties.get(name, "") for name in ("dataset_fingerprint", "git_commit")},
        "class_labels": tuple(unquote(label.replace("=", "%")) for label in "".join(parts).split("/")),
        "metrics": {
            name.removeprefix(_METRIC): float(value) for name, value in properties.items() if name.startswith(_METRIC)
        },
    }
