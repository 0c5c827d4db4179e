"""What a model package version says of itself, in the little that CustomerMetadataProperties can hold.

Example::

    properties = to_metadata(job="scones-dev-1", class_labels=("bicycle", "motorcycle"), metrics={…}, …)
    from_metadata(properties)["class_labels"]      # ('bicycle', 'motorcycle')

Source of the limits: CreateModelPackage's API reference, CustomerMetadataProperties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

_METRIC = "metric:"
_LABELS = "class_labels"
_LENGTH = 256  # of a value


def to_metadata(
    *,
    job: str,
    artifact_sha256: str,
    class_labels: tuple[str, ...],
    metrics: Mapping[str, float],
    dataset_fingerprint: str,
    git_commit: str,
) -> dict[str, str]:
    """A version's CustomerMetadataProperties: text of letters, digits, spaces and ``_.:/=+-@``, 256 characters each.

    Class labels are joined by ``/``, other characters written as ``=`` and two hexadecimal digits a UTF-8 byte; a text
    that is too long goes on in ``class_labels.2``, ``class_labels.3``, …. A data set or a commit that is not known is
    an empty text, and left out: a value has a character at least.
    """
    text = "/".join(quote(label, safe="").replace("%", "=").replace("~", "=7E") for label in class_labels)
    parts = [text[begin : begin + _LENGTH] for begin in range(0, len(text), _LENGTH)]
    known = {"dataset_fingerprint": dataset_fingerprint, "git_commit": git_commit}
    return {
        "job": job,
        "artifact_sha256": artifact_sha256,
        **{name: value for name, value in known.items() if value},
        **{_METRIC + name: f"{value:.6f}" for name, value in metrics.items()},
        **{_LABELS + (f".{place}" if place > 1 else ""): part for place, part in enumerate(parts, start=1)},
    }


def from_metadata(properties: Mapping[str, str]) -> dict[str, Any]:
    """What :func:`to_metadata` was given.

    Raises:
        KeyError: something is missing: the version was not registered by this project.
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
