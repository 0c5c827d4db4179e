"""What is wrong with what a local cloud has kept."""

from __future__ import annotations

from localcloud.errors import LocalCloudError


class NotKept(Exception):
    """A change of a service cannot be written down. It would be lost at the end of the cloud."""


class Unreadable(LocalCloudError):
    """What was kept is damaged, or of another version. Nothing of it is loaded, and nothing in the folder has changed.

    Args:
        what: The file or the part, and what is wrong with it.
        instead: What keeps the contents.
    """

    def __init__(self, what: str, *, instead: str = "put back a copy of its folder") -> None:
        self.what, self.instead = " ".join(what.split()), instead
        super().__init__(
            f"what the local cloud has kept cannot be used: {self.what}. Nothing was loaded or changed",
            hint=f"{instead}, or throw away what it holds with: invoke local.reset",
        )
