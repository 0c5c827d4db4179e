"""What a user of the local cloud can meet, with what to do next.

::

    LocalCloudError         the local cloud is not running, did not start, or is another's
    UnsupportedError        the local cloud does not do this, and says so by name
    ├── UnknownAction       an operation that it cannot judge: refused, never waved through
    └── UnsupportedPolicy   a policy that uses what it cannot judge

What its services refuse is AWS's matter: those errors are moto's, or stand in the services' own folders.
"""


class LocalCloudError(Exception):
    """An error to be shown to a person.

    Args:
        message: What was wrong, with the offending value.
        hint: What to do next; shown on a line of its own.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UnsupportedError(Exception):
    """Something that the local cloud does not do."""


class UnknownAction(UnsupportedError):
    """An operation that the local cloud has no derivation for: it is refused, never waved through."""


class UnsupportedPolicy(UnsupportedError):
    """A policy that uses something that the local cloud cannot judge; the message names it."""
