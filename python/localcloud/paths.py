"""Joins paths from names that a request has chosen.

Example::

    >>> inside(Path("build/local"), "endpoints", "scones-local").as_posix()
    'build/local/endpoints/scones-local'
    >>> inside(Path("build/local"), "endpoints", "../../../etc")
    Traceback (most recent call last):
    ...
    localcloud.paths.Outside: 'endpoints/../../../etc' is not a path inside the folder
"""

from __future__ import annotations

from pathlib import Path


class Outside(ValueError):
    """A name that leads out of its folder."""


def inside(root: Path, *names: str) -> Path:
    """The path of ``names`` below ``root``.

    Raises:
        Outside: The path is ``root`` itself, or leaves it by ``..``, by a leading ``/`` or through a link.
    """
    path = root.joinpath(*names)
    words = "/".join(names)
    if "\0" in words or any(part == ".." for name in names for part in name.split("/")):
        raise Outside(f"{words!r} is not a path inside the folder")
    if root.resolve() not in path.resolve().parents:
        raise Outside(f"{words!r} is not a path inside the folder")
    return path
