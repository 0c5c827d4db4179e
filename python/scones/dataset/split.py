"""Splits images at random, with the same share of each class. Equal images stay together.

Example::

    >>> from scones.dataset import Sample
    >>> images = Sample(train=10, test=1).read(("bicycle", "motorcycle")).train
    >>> train, validation = split(images, ("bicycle", "motorcycle"), share=0.1, seed=0, aside="validation")
    >>> len(train), len(validation)
    (18, 2)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from scones.dataset.contents import Images
from scones.errors import DatasetError


def split(
    images: Images, classes: Sequence[str], *, share: float, seed: int, aside: str, keep: int = 2
) -> tuple[Images, Images]:
    """Set a share of each class aside.

    The choice depends on the seed, the class's name and its images. Other classes and their order do not change it.
    Images with equal pixels stay on one side.

    Args:
        share: The share of each class to set aside, 0 to 1. At least one image is set aside.
        aside: The name of the part that is set aside, for messages.
        keep: The number of distinct images of a class that must remain.

    Returns:
        The remaining images, and those set aside, both in the order of ``images``.

    Raises:
        DatasetError: a class has too few distinct images.
    """
    taken: list[int] = []
    for label, name in enumerate(classes):
        groups: dict[bytes, list[int]] = {}
        for place in np.flatnonzero(images.labels == label):
            groups.setdefault(images.digests[place], []).append(int(place))
        if len(groups) < keep + 1:
            raise DatasetError(
                f"class '{name}' has {len(groups)} distinct images, too few to set some aside for {aside}: "
                f"{keep + 1} are needed",
                hint="add different images of it, or leave the class out",
            )
        wanted = max(1, round(share * sum(len(group) for group in groups.values())))
        taken += _some(list(groups.values()), wanted, len(groups) - keep, seeded(seed, aside, name))
    rest = np.setdiff1d(np.arange(len(images)), taken)
    return images.take(rest), images.take(sorted(taken))


def _some(groups: list[list[int]], wanted: int, most: int, rng: np.random.Generator) -> list[int]:
    taken: list[int] = []
    for place in rng.permutation(len(groups))[:most]:
        if len(taken) >= wanted:
            break
        taken += groups[place]
    return taken


def seeded(seed: int, *words: str) -> np.random.Generator:
    """Random numbers that depend on a seed and on words, and on nothing else."""
    digest = hashlib.sha256("\0".join(words).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, dtype="<u4").tolist()])
