"""Which model answered a captured request, from the place of its file.

Example::

    >>> from pathlib import Path
    >>> path = Path("captures/e/AllTraffic.scones-dev.7.Candidate.scones-dev.8/e/Candidate/2026/11/22/12/a.jsonl")
    >>> place = CapturePlace.of(path)
    >>> place.variant, place.package
    ('Candidate', 'scones-dev/8')
    >>> Models({"scones-dev/8": AnsweringModel("scones-dev/8", ("bicycle", "motorcycle"))}).of(place).name
    'version 8'

A captured event holds no model. But each endpoint configuration has its own destination, and each fleet captures to the
destination of its own configuration. During an update both fleets answer, and their events lie apart. So the service
stack names the served models in the destination: ``AllTraffic.GROUP.VERSION-MARK``, and for a comparison also
``.Candidate.GROUP.VERSION-MARK`` (``capture_folder`` in terraform/stacks/service/endpoint.tf). A variant's name and a
model package group's name have no dots, by SageMaker's API reference. Where a registry was made anew, its versions
begin at 1 again: the mark (:func:`mark_of`) tells the models apart.

An event of another folder belongs to no known model, unless :class:`Standing` tells it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import PurePath

NO_NAME = "unknown model"
SHADOW = "Shadow"  # the variant whose answers no caller gets
_DAY = re.compile(r"\d{4}/\d{2}/\d{2}/\d{2}")
_NAME = r"[A-Za-z0-9-]+"
_VERSION = r"\d+(?:-[0-9a-f]{12})?"
_FOLDER = re.compile(rf"{_NAME}\.{_NAME}\.{_VERSION}(\.{_NAME}\.{_NAME}\.{_VERSION})*")


@dataclass(frozen=True)
class AnsweringModel:
    """A model that answered captured requests.

    Attributes:
        package: Its model package, ``GROUP/VERSION``. Empty if it is not known which model it was.
        classes: Its class labels, in the order of its outputs. Empty if they are not known.
        dataset: The fingerprint of the data set that it was trained on. Empty if it is not known.
        mark: Tells it from models that had the same package before (:func:`mark_of`). Empty if it is not known.
    """

    package: str = ""
    classes: tuple[str, ...] = ()
    dataset: str = ""
    mark: str = ""

    @property
    def name(self) -> str:
        """What people call it: ``version 7``, or ``unknown model``."""
        return f"version {self.package.rpartition('/')[2]}" if self.package else NO_NAME

    def label(self, index: int) -> str:
        """A class's name, or ``class 2`` if the name is not known."""
        return self.classes[index] if index < len(self.classes) else f"class {index}"


UNKNOWN = AnsweringModel()


@dataclass(frozen=True)
class CapturePlace:
    """What a captured file's path says: ``…/<endpoint>/<variant>/yyyy/mm/dd/hh/<file>``.

    Attributes:
        endpoint: The endpoint's name. Empty if the path has another form.
        variant: The variant that answered. Empty if the path has another form.
        package: The model package of that variant, ``GROUP/VERSION``. Empty if the path does not name it.
        mark: The model's mark. Empty if the path does not name it.
    """

    endpoint: str = ""
    variant: str = ""
    package: str = ""
    mark: str = ""

    @classmethod
    def of(cls, path: PurePath) -> CapturePlace:
        """Read a path. Only its last eight parts count, so a copy of the folder says the same."""
        parts = path.parts
        if len(parts) < 7 or not _DAY.fullmatch("/".join(parts[-5:-1])):
            return cls()
        variant = parts[-6]
        served = _served(parts[-8]) if len(parts) >= 8 else {}
        return cls(parts[-7], variant, *served.get(variant, ("", "")))

    @property
    def key(self) -> str:
        """What the model is known by: its package, and its mark if the path names it."""
        return key_of(self.package, self.mark)


def mark_of(artifact_sha256: str, class_labels: Sequence[str]) -> str:
    """What tells a model from another one with the same package: a digest of its artifact and labels.

    Terraform computes the same for the folder (terraform/stacks/service/endpoint.tf).

    Example::

        >>> mark_of("5f1c", ("bicycle", "motorcycle"))
        '04ecda30317c'
    """
    return hashlib.sha256("\n".join([artifact_sha256, *class_labels]).encode()).hexdigest()[:12]


def key_of(package: str, mark: str) -> str:
    """What a model is known by.

    Example::

        >>> key_of("scones-dev/7", "0d5cfa91d0e0"), key_of("scones-dev/7", "")
        ('scones-dev/7 0d5cfa91d0e0', 'scones-dev/7')
    """
    return f"{package} {mark}".strip()


def packages_in(folder: str) -> dict[str, str]:
    """The model package of each variant, from the name of a configuration's folder. Empty if it is none.

    Example::

        >>> packages_in("AllTraffic.scones-dev.7-0d5cfa91d0e0.Shadow.scones-dev.9-1f0c5fa91d0e")
        {'AllTraffic': 'scones-dev/7', 'Shadow': 'scones-dev/9'}
        >>> packages_in("scones-dev")
        {}
    """
    return {variant: package for variant, (package, _) in _served(folder).items()}


def _served(folder: str) -> dict[str, tuple[str, str]]:
    """The model package and mark of each variant, from the name of a configuration's folder."""
    if not _FOLDER.fullmatch(folder):
        return {}
    parts = folder.split(".")
    found = {}
    for variant, group, version in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        number, _, mark = version.partition("-")
        found[variant] = (f"{group}/{number}", mark)
    return found


@dataclass(frozen=True)
class Standing:
    """What an endpoint runs now, and since when it has run nothing else.

    Attributes:
        packages: The model package of each variant.
    """

    endpoint: str
    since: datetime
    packages: Mapping[str, str]


@dataclass(frozen=True)
class Models:
    """The models that may have answered.

    Attributes:
        known: The models by what they are known by (:func:`key_of`).
        standing: What the endpoint runs now. It tells the model of events whose files do not name one.
        classes: The class labels, where the model or its labels are not known. Empty if these are not known either.
    """

    known: Mapping[str, AnsweringModel] = field(default_factory=dict)
    standing: Standing | None = None
    classes: Sequence[str] = ()

    def of(self, place: CapturePlace, time: datetime | None = None) -> AnsweringModel:
        """The model that answered at a place and time."""
        package = place.package or self._by_time(place, time)
        found = self.known.get(key_of(package, place.mark)) or AnsweringModel(package, mark=place.mark)
        return found if found.classes else replace(found, classes=tuple(self.classes))

    def _by_time(self, place: CapturePlace, time: datetime | None) -> str:
        now = self.standing
        if now is None or time is None or place.endpoint != now.endpoint or time < now.since:
            return ""
        return now.packages.get(place.variant, "")


@dataclass(frozen=True)
class Answerer:
    """A model, at a variant of the endpoint.

    Attributes:
        variant: The variant's name; empty if it is not known.
    """

    model: AnsweringModel
    variant: str = ""

    @cached_property
    def name(self) -> str:
        """``version 7``, and for a model that is compared with the pinned one ``version 8 (Candidate)``."""
        return f"{self.model.name} ({self.variant})" if self.variant in ("Candidate", SHADOW) else self.model.name

    @property
    def returned(self) -> bool:
        """Whether its answers went to callers. A shadow's answers are captured only."""
        return self.variant != SHADOW
