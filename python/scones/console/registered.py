"""The registered versions of the model: what they measure, what may become of them, and the plan that would follow.

Example::

    >>> from datetime import datetime
    >>> created = datetime(2026, 11, 30)
    >>> pending = Version(3, "arn:…/3", PENDING, created, None, None)
    >>> row(pending, ModelStanding())["marks"], row(pending, ModelStanding(pinned="arn:…/3"))["marks"]
    ([], ['pinned'])

Nothing here changes anything: a version becomes the pinned one by ``invoke pin``, and is served after an apply.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scones.delivery.pipeline import changes
from scones.errors import InputError
from scones.model.measures import wilson
from scones.model.registry import PinnedModel, Version, calibration_line, gate, write_pin
from scones.model.registry.pinned import VALIDATION_IMAGES, WANTED_ACCURACY
from scones.model.registry.versions import APPROVED, PENDING, REJECTED
from scones.service import packaging
from scones.settings import Environment
from scones.terraform import Stack

STATUS_WORDS = {
    APPROVED: ("approved", "good"),
    PENDING: ("waits for approval", "warn"),
    REJECTED: ("rejected", "bad"),
}
METRIC_NAMES = {
    "validation:accuracy": "accuracy on the validation images",
    "train:accuracy": "accuracy on the training images",
    WANTED_ACCURACY: "of these, accuracy on the wanted classes",
    VALIDATION_IMAGES: "validation images",
    "temperature": "temperature of the calibration",
    "validation:ece": "expected calibration error before",
    "validation:ece_calibrated": "expected calibration error after",
}


@dataclass(frozen=True)
class ModelStanding:
    """Which versions have a part now.

    Attributes:
        pinned: The ARN of the pinned model package. None if no model is pinned.
        compared: The ARN of the candidate's package. None without a comparison.
        share: The candidate's share of the requests, in percent.
        serving: The variants that serve each package, for people.
    """

    pinned: str | None = None
    compared: str | None = None
    share: int = 0
    serving: Mapping[str, str] = field(default_factory=dict)

    def marks(self, package: str) -> list[str]:
        """What a model package is now, for people."""
        found = ["pinned"] if package == self.pinned else []
        found += [f"serves ({self.serving[package]})"] if package in self.serving else []
        return found + ([f"compared ({self.share} %)"] if package == self.compared else [])


def row(version: Version, standing: ModelStanding) -> dict[str, Any]:
    """A version as a row of the list."""
    words, kind = STATUS_WORDS.get(version.status, (version.status, ""))
    model = version.model
    metrics = model.metrics if model else {}
    return {
        "number": version.version,
        "status": words,
        "kind": kind,
        "marks": standing.marks(version.arn),
        "accuracy": version.accuracy,
        "interval": interval(version.accuracy, metrics.get(VALIDATION_IMAGES)),
        "error": metrics.get("validation:ece_calibrated", metrics.get("validation:ece")),
        "job": version.job,
        "created": version.created,
    }


def interval(accuracy: float | None, images: float | None) -> tuple[float, float] | None:
    """The 95 % interval of an accuracy. None if it, or the number of images, is not known."""
    return None if accuracy is None or not images else wilson(round(accuracy * images), round(images))


def detail(version: Version, standing: ModelStanding, environment: Environment) -> dict[str, Any]:
    """All that is known of a version."""
    model = version.model
    minimum = environment.training.minimum_validation_accuracy
    facts = {} if model is None else _facts(model)
    return {
        **row(version, standing),
        "arn": version.arn,
        "classes": list(model.class_labels) if model else [],
        "lacks": gate.lacks(model.metrics if model else {}, minimum=minimum),
        "minimum": minimum,
        "calibration": calibration_line(version),
        "metrics": [(METRIC_NAMES.get(name, name), _number(value)) for name, value in _metrics(model)],
        "facts": facts,
        "commands": commands(version, standing, environment),
    }


def _metrics(model: PinnedModel | None) -> list[tuple[str, float]]:
    order = list(METRIC_NAMES)
    found = (model.metrics if model else {}).items()
    return sorted(found, key=lambda one: (order.index(one[0]) if one[0] in order else len(order), one[0]))


def _number(value: float) -> str:
    """A metric for people.

    Example::

        >>> _number(100.0), _number(0.823661)
        ('100', '0.824')
    """
    return f"{value:.0f}" if value >= 2 and value == round(value) else f"{value:.3f}"


def _facts(model: PinnedModel) -> dict[str, str]:
    found = {
        "artifact": model.artifact_uri,
        "its SHA-256": model.artifact_sha256,
        "data set": model.dataset_fingerprint,
        "commit": model.git_commit,
        "container": model.image_uri,
    }
    return {name: value for name, value in found.items() if value}


def commands(version: Version, standing: ModelStanding, environment: Environment) -> list[dict[str, str]]:
    """The commands that make a version the served one, in their order. Empty if it cannot be, or is already.

    Returns:
        For each command its text and what it does.
    """
    if version.model is None or version.status == REJECTED or version.arn == standing.pinned:
        return []
    env = f" --env {environment.name}"
    if version.arn == standing.compared:
        first = {"text": f"invoke ab.promote{env}", "does": "pins it, and ends the comparison"}
    else:
        approve = " --approve" if version.status == PENDING else ""
        said = "approves and pins it" if approve else "pins it, after its artifact's SHA-256 was checked"
        first = {"text": f"invoke pin {version.version}{approve}{env}", "does": said}
    return [
        first,
        {"text": f"invoke tf.plan{env}", "does": "shows what an apply would change"},
        {"text": f"invoke tf.apply{env}", "does": "asks, and updates the endpoint behind its alarms"},
    ]


def direction(version: Version, found: Sequence[Version], standing: ModelStanding) -> str:
    """What pinning a version is called: ``Promote``, or ``Roll back`` to one that is older than the pinned one."""
    pinned = next((one.version for one in found if one.arn == standing.pinned), 0)
    return "Roll back" if version.version < pinned else "Promote"


def measured(path: Path, package: str) -> dict[str, Any] | None:
    """What ``invoke evaluate`` has measured of a model package. None if it was not, or another one was since.

    Args:
        path: The environment's ``evaluation.json``.

    Returns:
        ``images``, ``accuracy``, ``interval``, ``classes``, ``confusion`` (rows are true classes), ``per_class``, and
        for each threshold ``threshold``, ``share`` (answered) and ``accuracy`` (of what is answered).
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("model_package_arn") != package:
            return None
        names = ("images", "accuracy", "classes", "confusion", "per_class", "thresholds")
        return {**{name: found[name] for name in names}, "interval": found["accuracy_interval_95"]}
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def plan(environment: Environment, version: Version, *, stack: Callable[..., Any] = Stack) -> dict[str, Any]:
    """What an apply would change, if a version were pinned: Terraform's own plan, with another file of values.

    The pinned model stays as it is, and nothing is applied. It takes up to a minute, and holds the
    state's lock so long.

    Args:
        stack: Makes the stack.

    Returns:
        ``changes``, each with ``action``, ``address`` and ``attributes``; ``notice``, what an apply does besides; and
        ``text``, Terraform's own words.

    Raises:
        InputError: the version cannot be deployed.
        TerraformError: Terraform failed.
    """
    if version.model is None or version.status == REJECTED:
        raise InputError(f"version {version.version} cannot be deployed: it is {version.status} or not of this project")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        other = replace(environment, pin_path=folder / environment.pin_path.name)
        write_pin(other.pin_path, version.model)
        if environment.candidate_path.exists():
            shutil.copy(environment.candidate_path, other.candidate_path)
        packaging.package(environment.root / "lambdas", environment.build / "lambdas")
        said: list[str] = []
        wanted = stack(other, "service", log=folder / "log", on_line=said.append)
        saved = folder / "plan"
        if not wanted.plan(out=saved):
            return {"changes": [], "notice": "", "text": "No changes."}
        told = json.loads(wanted.show(saved, json=True))
        return {
            "changes": [
                {"action": one.action, "address": one.address, "attributes": list(one.attributes)}
                for one in changes.changes(told)
            ],
            "notice": wanted.notice(),
            "text": wanted.show(saved),
        }


def chosen(found: Sequence[Version], number: int) -> Version:
    """The version with a number.

    Raises:
        InputError: there is none.
    """
    for one in found:
        if one.version == number:
            return one
    there = ", ".join(str(one.version) for one in found) or "none"
    raise InputError(f"there is no version {number}; there are: {there}", hint="open /models")
