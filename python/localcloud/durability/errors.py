"""What is wrong with what a local cloud has kept."""

from __future__ import annotations

from localcloud.errors import LocalCloudError


class Unreadable(LocalCloudError):
    """What was kept is damaged, or of another version. Nothing of it is loaded."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"what the local cloud has kept cannot be used: {what}",
            hint="throw it away with: invoke local.reset",
        )
