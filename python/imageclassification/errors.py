"""The exceptions of this package. Each message says what is wrong, names the value, and says what to do next.

The exceptions form a tree::

    ImageClassificationError       every error of this package; exit code 1
    ├── UserError                  the input cannot be used, and the user can correct it; exit code 2
    │   ├── HyperparameterError    an unknown hyperparameter, or a value that is not allowed
    │   ├── InputDataError         channels or records that cannot be trained on
    │   └── ImageError             bytes that cannot be decoded as an image
    └── ArtifactError              a model artifact that cannot be read or written
        └── NoArtifactError        there is none; exit code 2

A training job that ends with a UserError fails with SageMaker's ClientError. Other exceptions make it an
AlgorithmError.

Example::

    >>> print(InputDataError("channel 'train' holds no image: it is empty", hint="put the images under its S3 prefix"))
    channel 'train' holds no image: it is empty
    put the images under its S3 prefix
"""


class ImageClassificationError(Exception):
    """An error for a person to read.

    Args:
        message: What is wrong, with the value.
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
    """The input cannot be used, and the user can correct it."""

    exit_code = 2


class HyperparameterError(UserError):
    """An unknown hyperparameter, or a value that is not allowed."""


class InputDataError(UserError):
    """Channels or records that cannot be trained on."""


class ImageError(UserError):
    """Bytes that cannot be decoded as an image."""


class ArtifactError(ImageClassificationError):
    """A model artifact that cannot be read or written."""


class NoArtifactError(ArtifactError):
    """There is no model artifact at a place that a person named."""

    exit_code = 2
