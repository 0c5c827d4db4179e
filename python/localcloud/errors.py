"""The exceptions of the local cloud. Each message says what to do next where that is not obvious.

::

    LocalCloudError         the local cloud does not run, did not start, or the folder belongs to something else
    UnsupportedError        the local cloud does not support something; the message names it
    ├── UnknownAction       the local cloud cannot check the permissions of an operation, so it refuses it
    └── UnsupportedPolicy   a policy uses an element that the local cloud cannot evaluate

The errors that AWS's services document are not here. They are moto's, or in the folder of their service.
"""


class LocalCloudError(Exception):
    """An error to show to a person.

    Args:
        message: What is wrong, with the wrong value.
        hint: What to do next. It is shown on its own line.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UnsupportedError(Exception):
    """The local cloud does not support something."""


class UnknownAction(UnsupportedError):
    """An operation that no permission table lists.

    The local cloud cannot check its permissions, so it refuses the request.
    """


class UnsupportedPolicy(UnsupportedError):
    """A policy with an element that the local cloud cannot evaluate. The message names the element."""
