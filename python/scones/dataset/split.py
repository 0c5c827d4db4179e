"""Seeded, stratified splits that never part equal images.

Example::

    train, validation = split(images, ("bicycle", "motorcycle"), share=0.1, seed=0, aside="validation")
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

    Which of a class's images go depends on the seed, the class's name and its images, not on the other classes or
    their order. Images with equal pixels stay together, so that none is on both sides.

    Args:
        share: Between 0 and 1: the part of each class to set aside, rounded, at least one image.
        seed: Another seed sets other images aside.
        aside: What the part set aside is called, for messages.
        keep: So many distinct images of a class must remain.

    Returns:
        What remains and what was set aside, each in the order of ``images``.

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
        taken += _some(list(groups.values()), wanted, len(groups) - keep, _rng(seed, aside, name))
    rest = np.setdiff1d(np.arange(len(images)), taken)
    return images.take(rest), images.take(sorted(taken))


def _some(groups: list[list[int]], wanted: int, most: int, rng: np.random.Generator) -> list[int]:
    taken: list[int] = []
    for place in rng.permutation(len(groups))[:most]:
        if len(taken) >= wanted:
            break
        taken += groups[place]
    return taken


def _rng(seed: int, *words: str) -> np.random.Generator:
    digest = hashlib.sha256("\0".join(words).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, dtype="<u4").tolist()])
