"""What is wrong with what a local cloud has kept."""

from __future__ import annotations

from localcloud.errors import LocalCloudError


class NotKept(Exception):
    """A change of a service cannot be written down. It would be lost at the end of the cloud."""


class Unreadable(LocalCloudError):
    """What was kept is damaged, or of another version. Nothing of it is loaded, and nothing in the folder has changed.

    Args:
        what: The file or the part, and what is wrong with it.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"what the local cloud has kept cannot be used: {what}. Nothing was loaded or changed",
            hint="put back a copy of its folder, or throw away what it holds with: invoke local.reset",
        )
        self.what = what
