"""Checks for the mistakes that make a data set worthless.

Each of them occurs in public runs of this workflow:

- Pixels are indexed by label instead of by row. Each class has one image, and the accuracy is 1.0.
- Test images are read from the train array.
- Labels belong to classes that are not in the data set.

Example::

    >>> from scones.dataset import Sample
    >>> classes = ("bicycle", "motorcycle")
    >>> contents = Sample(train=5, test=2).read(classes)
    >>> check(contents, classes) is contents
    True
    >>> check(replace(contents, test=contents.train), classes)
    Traceback (most recent call last):
    scones.errors.DatasetError: 10 images are in train and test, or have two labels:
    ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scones.dataset.contents import Contents, Images, Problem
from scones.dataset.pictures import listing
from scones.errors import DatasetError


def check(contents: Contents, classes: Sequence[str], *, skip_bad: bool = False) -> Contents:
    """Return the contents if they can make a data set.

    Args:
        skip_bad: Leave out images that are in train and test or have two labels, and list them as problems. Without
            it they are an error.

    Raises:
        DatasetError: a label is outside the classes, a class has fewer than two distinct images, or the same pixels
            are in train and test or have two labels.
    """
    for where, images in (("train", contents.train), ("test", contents.test)):
        _labels_within(images, classes, where)
        if where == "train" or len(images):  # a backbone's data have no test images at all
            _distinct(images, classes, where)
    bad = {
        "train": _contradictions(contents.train) | _shared(contents.train, contents.test),
        "test": _contradictions(contents.test),
    }
    problems = tuple(Problem(f"{where}/{images.names[place]}", reason)
                     for where, images in (("train", contents.train), ("test", contents.test))
                     for place, reason in sorted(bad[where].items()))  # fmt: skip
    if not problems:
        return contents
    if not skip_bad:
        raise DatasetError(
            f"{len(problems)} images are in train and test, or have two labels:\n{listing(problems)}",
            hint="remove one of each pair, or leave all of them out: --skip-bad",
        )
    kept = replace(
        contents,
        train=_without(contents.train, bad["train"]),
        test=_without(contents.test, bad["test"]),
        problems=contents.problems + problems,
    )
    return check(kept, classes)


def _labels_within(images: Images, classes: Sequence[str], where: str) -> None:
    outside = np.flatnonzero((images.labels < 0) | (images.labels >= len(classes)))
    if len(outside):
        place = outside[0]
        raise DatasetError(
            f"{len(outside)} labels in {where} are outside the {len(classes)} classes, first "
            f"{images.labels[place]} of {images.names[place]}",
            hint=f"labels are 0 to {len(classes) - 1}, in the order of: {', '.join(classes)}",
        )


def _distinct(images: Images, classes: Sequence[str], where: str) -> None:
    for label, name in enumerate(classes):
        places = np.flatnonzero(images.labels == label)
        distinct = len({images.digests[place] for place in places})
        # A folder of a few pictures has one test image a class. That is little, but not a mistake.
        if distinct < 2 and not (where == "test" and len(places) == 1):
            raise DatasetError(
                f"class '{name}' has {distinct} distinct images in {where} ({len(places)} in all); 2 are needed",
                hint="were the pixels indexed by label instead of by row?" if len(places) > 1 else None,
            )


def _shared(train: Images, test: Images) -> dict[int, str]:
    held_out = dict(zip(test.digests, test.names, strict=True))
    return {
        place: f"has the same pixels as test/{held_out[digest]}"
        for place, digest in enumerate(train.digests)
        if digest in held_out
    }


def _contradictions(images: Images) -> dict[int, str]:
    first: dict[bytes, int] = {}
    found = {}
    for place, digest in enumerate(images.digests):
        other = first.setdefault(digest, place)
        if images.labels[other] != images.labels[place]:
            found[place] = f"has the same pixels as {images.names[other]}, which has another label"
            found[other] = f"has the same pixels as {images.names[place]}, which has another label"
    return found


def _without(images: Images, bad: dict[int, str]) -> Images:
    return images.take([place for place in range(len(images)) if place not in bad])
