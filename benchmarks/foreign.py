"""Measures what a model with the class ``other`` does with pictures of what it has never seen, and of nothing at all.

Example (not run: it needs a trained model and CIFAR-100)::

    found = measure(artifact, data, held_out(Archive(path), data), other=2)
    found.at(0.8)       # Passing(threshold=0.8, wanted=0.87, foreign=0.04, nothing=0.004)

What it has never seen is what the archive has and the data set's class ``other`` does not show: ``invoke etl
--other-without``. The wanted images are the data set's test images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from imageclassification.artifact import Artifact
from scones.dataset import Archive, Dataset, labels
from scones.dataset.contents import Problem
from scones.dataset.other import nothing
from scones.dataset.writer import png
from scones.errors import InputError
from scones.model import confidence
from scones.model.confidence import LabelledImages
from scones.model.measures import THRESHOLDS, passing

EACH = 100  # images of each kind that is held out
NOTHING = 1000
SEED = 2026  # of the pictures of nothing; a data set draws its own by other words


@dataclass(frozen=True)
class Passing:
    """What passes a threshold, as shares from 0 to 1.

    Attributes:
        wanted: Of the test images of the wanted classes.
        right: Of those that pass, how many are right.
        foreign: Of the images of the kinds that were held out.
        nothing: Of the pictures of nothing.
    """

    threshold: float
    wanted: float
    right: float
    foreign: float
    nothing: float


@dataclass(frozen=True, eq=False)
class ForeignBench:
    """A model's answers.

    Attributes:
        test: To the test images of the wanted classes: the confidence with which each passes, -inf if it does not.
        correct: Whether each of these is right.
        kinds: What is held out, and for each kind the same of its images.
        nothing: The same of pictures that show nothing, by what is drawn.
    """

    test: np.ndarray
    correct: np.ndarray
    kinds: Mapping[str, np.ndarray]
    nothing: Mapping[str, np.ndarray]

    @property
    def accuracy(self) -> float:
        """The share of right answers to the test images of the wanted classes."""
        return float(self.correct.mean())

    def at(self, threshold: float) -> Passing:
        """What passes a threshold."""
        passed = self.test >= threshold
        return Passing(
            threshold,
            float(passed.mean()),
            float(self.correct[passed].mean()) if passed.any() else 0.0,
            _share(self.kinds, threshold),
            _share(self.nothing, threshold),
        )

    def to_json(self) -> dict[str, Any]:
        """The content of ``build/bench/foreign.json``: what passes some thresholds, and each image's confidence."""
        return {
            "accuracy": self.accuracy,
            "thresholds": [asdict(self.at(threshold)) for threshold in THRESHOLDS],
            **{
                name: {
                    kind: [None if value == -np.inf else round(float(value), 6) for value in one] for kind, one in of
                }
                for name, of in (("held_out", self.kinds.items()), ("nothing", self.nothing.items()))
            },
        }


def _share(answers: Mapping[str, np.ndarray], threshold: float) -> float:
    return float(np.mean(np.concatenate([*answers.values()]) >= threshold)) if answers else 0.0


def held_out(archive: Archive, data: Dataset, each: int = EACH) -> dict[str, np.ndarray]:
    """Training images of each class of the archive that the data set has never seen; uint8, shape (N, 32, 32, 3).

    Raises:
        InputError: the data set has seen all of them, or has no class ``other``.
    """
    if data.other is None:
        raise InputError(f"the data set in {data.root} has no class 'other'", hint="build one: invoke etl --other")
    found = archive.read(labels.wanted(data.classes), foreign=True).foreign
    assert found is not None, "the archive was asked for its other classes"
    pool = found.train.without([*data.other["kinds"]])
    places: dict[str, list[int]] = {}
    for place, kind in enumerate(pool.kinds):
        places.setdefault(kind, []).append(place)
    if not places:
        raise InputError(
            f"the class 'other' of {data.root} shows everything that {archive.path.name} has",
            hint="hold some classes out: invoke etl --other-without snake,chair,train",
        )
    return {kind: np.stack(list(_loaded(pool.load(place) for place in places[kind][:each]))) for kind in sorted(places)}


def _loaded(images: Iterator[np.ndarray | Problem]) -> Iterator[np.ndarray]:
    for image in images:
        assert not isinstance(image, Problem), "an archive's images are there"
        yield image


def measure(artifact: Artifact, data: Dataset, kinds: Mapping[str, np.ndarray]) -> ForeignBench:
    """Ask a model of a data set for its answers.

    Args:
        kinds: Images of what it has never seen, by what they show.
    """
    other = labels.place_of_other(data.classes)
    assert other is not None, "held_out() refuses a data set without the class"
    wanted = data.wanted("test")
    chances = _ask(artifact, [image.path.read_bytes() for image in wanted])
    drawn, names = nothing.draw(NOTHING, np.random.default_rng(SEED))
    of_nothing = passing(_ask(artifact, list(map(png, drawn))), other)
    return ForeignBench(
        test=passing(chances, other),
        correct=chances.argmax(axis=1) == np.array([image.label for image in wanted]),
        kinds={kind: passing(_ask(artifact, list(map(png, images))), other) for kind, images in kinds.items()},
        nothing={kind: of_nothing[[name == kind for name in names]] for kind in nothing.KINDS},
    )


def _ask(artifact: Artifact, images: Sequence[bytes]) -> np.ndarray:
    asked = LabelledImages(tuple(images), np.zeros(len(images), np.int64))
    return confidence.ask(artifact, asked).probabilities()


def tables(found: ForeignBench, *, threshold: float) -> Any:
    """What passes some thresholds, and at the environment's threshold what passes of each kind."""
    from rich.console import Group
    from rich.table import Table

    shown = Table(title="What passes", title_justify="left")
    for column in ("threshold", "wanted", "right of these", "held out", "nothing"):
        shown.add_column(column, justify="right")
    for one in map(found.at, sorted({*THRESHOLDS, threshold})):
        own = one.threshold == threshold
        shares = (f"{share:.1%}" for share in (one.wanted, one.right, one.foreign, one.nothing))
        shown.add_row(f"{'▸ ' if own else ''}{one.threshold:.2f}", *shares, style="bold" if own else "")
    every = ", ".join(
        f"{kind} {float(np.mean(answers >= threshold)):.1%}"
        for kind, answers in sorted(
            {**found.kinds, **found.nothing}.items(), key=lambda one: -np.mean(one[1] >= threshold)
        )
    )
    head = f"accuracy on the {len(found.test)} test images of the wanted classes: {found.accuracy:.3f}"
    return Group(head, "", shown, "", f"of each, at {threshold:g}: {every}")
