"""Chooses the images of the class ``other`` from those that are of none of the wanted classes.

Example::

    >>> from scones.dataset import Sample
    >>> classes = ("bicycle", "motorcycle")
    >>> found = choose(Sample(train=20, test=5).read(classes, foreign=True), classes, seed=0)
    >>> [int((images.labels == 2).sum()) for images in (found.contents.train, found.contents.test)]
    [20, 5]
    >>> sorted(found.kinds)
    ['animal', 'car', 'cup', 'fruit', 'house', 'ladder', 'tree']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scones.dataset.contents import Contents, Foreign, ImagePool, Images, Problem
from scones.dataset.labels import OTHER
from scones.dataset.pictures import listing
from scones.dataset.split import seeded
from scones.errors import DatasetError

# A validation image, and three to learn from.
FEWEST = 4


@dataclass(frozen=True)
class Chosen:
    """A source's images with those of the class ``other``, whose label is the last.

    Attributes:
        kinds: How many images of ``other`` show what, training and test images together.
    """

    contents: Contents
    kinds: dict[str, int]


@dataclass
class _Draw:
    """Images drawn from a pool, evenly over what they show. No image is drawn twice, nor one that is known already.

    Attributes:
        known: The digests of images that must not be drawn: the same pixels would stand under two labels.
    """

    pool: ImagePool
    rng: np.random.Generator
    known: set[bytes]
    problems: list[Problem] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._places = self._in_turns()

    def _in_turns(self) -> Iterator[int]:
        """Places of the pool: one of each kind in turns, the kinds and the images of each in an order of chance."""
        by_kind: dict[str, list[int]] = {}
        for place, kind in enumerate(self.pool.kinds):
            by_kind.setdefault(kind, []).append(place)
        names = sorted(by_kind)
        queues = [self.rng.permutation(by_kind[names[number]]).tolist() for number in self.rng.permutation(len(names))]
        while queues := [queue for queue in queues if queue]:
            for queue in queues:
                yield queue.pop()

    def take(self, count: int, label: int) -> Images | None:
        """The next ``count`` images, or fewer if there are no more. None if there are none."""
        pixels: list[np.ndarray] = []
        names: list[str] = []
        while len(pixels) < count and (place := next(self._places, None)) is not None:
            image = self.pool.load(place)
            if isinstance(image, Problem):
                self.problems.append(image)
                continue
            (digest,) = Images(image[None], np.array([label]), ("",)).digests
            if digest in self.known:
                continue
            self.known.add(digest)
            self.kinds[self.pool.kinds[place]] += 1
            pixels.append(image)
            names.append(self.pool.names[place])
        if not pixels:
            return None
        return Images(np.stack(pixels), np.full(len(pixels), label, np.int64), tuple(names))


def choose(contents: Contents, classes: Sequence[str], *, seed: int, times: int = 1, skip_bad: bool = False) -> Chosen:
    """Add the class ``other`` to a source's contents: as many images as a wanted class has, on average.

    The images are drawn by the seed, evenly over the source's other classes. A source without test images of its own
    gives both from the same images. Pixels that are an image of a wanted class are not drawn.

    Args:
        contents: With ``foreign``.
        classes: The wanted classes, in label order.
        times: How many times as many training images to draw.
        skip_bad: Leave out images that cannot be used, and list them. Without it they are an error.

    Raises:
        DatasetError: there are too few images, or one cannot be used.
    """
    foreign = contents.foreign
    assert foreign is not None, "the source was asked for its other images"
    label, known = len(classes), {*contents.train.digests, *contents.test.digests}
    sizes = [round(len(contents.train) * times / len(classes)), round(len(contents.test) / len(classes))]
    learning = _Draw(foreign.train, seeded(seed, OTHER, "train"), known)
    testing = _Draw(foreign.test, seeded(seed, OTHER, "test"), known) if len(foreign.test) else learning
    if testing is learning:
        sizes = _shared(sizes, len(foreign.train))
    test, train = testing.take(max(1, sizes[1]), label), learning.take(sizes[0], label)
    draws = [learning] if testing is learning else [learning, testing]
    problems = tuple(problem for draw in draws for problem in draw.problems)
    if problems and not skip_bad:
        raise DatasetError(
            f"{len(problems)} of the pictures for the class '{OTHER}' cannot be used:\n{listing(problems)}",
            hint="repair or remove them, or go on without them: --skip-bad",
        )
    if train is None or test is None or len(train) < FEWEST:
        raise _too_few(foreign, 0 if train is None else len(train))
    kinds = sum((draw.kinds for draw in draws), Counter[str]())
    grown = replace(
        contents,
        train=together(contents.train, train),
        test=together(contents.test, test),
        problems=contents.problems + problems,
        foreign=None,
    )
    return Chosen(grown, dict(sorted(kinds.items())))


def together(first: Images, second: Images) -> Images:
    """The images of both, in this order."""
    return Images(
        np.concatenate([first.pixels, second.pixels]),
        np.concatenate([first.labels, second.labels]),
        first.names + second.names,
    )


def _shared(sizes: Sequence[int], there: int) -> list[int]:
    """How many training and test images to draw from the same images, in the proportion of the wanted classes."""
    if sum(sizes) <= there:
        return list(sizes)
    test = max(1, round(there * sizes[1] / sum(sizes)))
    return [there - test, test]


def _too_few(foreign: Foreign, found: int) -> DatasetError:
    kinds = sorted({*foreign.train.kinds, *foreign.test.kinds})
    there = f" of {', '.join(kinds)}" if kinds else ""
    return DatasetError(
        f"the class '{OTHER}' has {found} different images{there} to learn from; {FEWEST} are needed",
        hint=foreign.lacking,
    )
