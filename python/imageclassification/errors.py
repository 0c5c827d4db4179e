"""The exceptions that the algorithm raises, each with what to do next.

::

    ImageClassificationError       anything that the algorithm refuses or fails at; exit code 1
    ├── UserError                  what it was given cannot be used, and its giver can mend that; exit code 2
    │   ├── HyperparameterError    a hyperparameter that it does not know, or a value that it refuses
    │   ├── InputDataError         channels and records that cannot be trained from
    │   └── ImageError             bytes that are no image that can be decoded
    └── ArtifactError              a model artifact that cannot be read or written

A training job that ends with a UserError has failed with what SageMaker calls a ClientError; with any other, with an
AlgorithmError.

Example::

    raise InputDataError("channel 'train' holds no image: it is empty", hint="put the images under its S3 prefix")
"""


class ImageClassificationError(Exception):
    """An error to be shown to a person: what was wrong, with the value, and what to do next.

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


class UserError(ImageClassificationError):
    """What the algorithm was given cannot be used, and its giver can mend that."""

    exit_code = 2


class HyperparameterError(UserError):
    """A hyperparameter that the algorithm does not know, or a value that it would refuse."""


class InputDataError(UserError):
    """Channels and records that cannot be trained from."""


class ImageError(UserError):
    """Bytes that are no image that can be decoded."""


class ArtifactError(ImageClassificationError):
    """A model artifact that cannot be read or written."""
