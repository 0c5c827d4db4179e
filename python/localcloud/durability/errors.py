"""The exception of what a local cloud keeps."""

from __future__ import annotations

from pathlib import Path

from localcloud.errors import LocalCloudError


class Unreadable(LocalCloudError):
    """Something that a local cloud keeps is damaged, or another version of this project has written it.

    Raise it before anything in the folder has changed.

    Args:
        path: The file or folder.
        what: What is wrong with it, with the wrong value.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"what the local cloud keeps cannot be read: {path} {what}. Nothing was loaded or changed",
            hint="put back a copy of its folder, or throw away what it holds: invoke local.reset",
        )
