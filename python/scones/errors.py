"""The exceptions a user of Scones can meet, each with what to do next.

::

    SconesError                    anything this project refuses or fails at; exit code 1
    ├── InputError                 what the user gave cannot be used; exit code 2
    │   ├── DatasetError           images, archives, labels, splits
    │   ├── PackagingError         a Lambda function that cannot be made into a zip
    │   └── SettingsError          an environment or its files
    ├── SetupError                 something this machine lacks: Terraform, its provider, a package
    ├── CloudError                 a cloud that cannot be reached, or that refused
    ├── TrainingError              a training job that failed or was stopped
    ├── RegistryError              a model version that is missing or may not be used
    ├── TerraformError             a terraform command that failed
    │   ├── StalePlanError         a saved plan that others' changes have overtaken
    │   └── LockedStateError       a state that another command is changing
    ├── CheckError                 files that a check has something against, or a check that could not be made
    └── WorkflowError              an execution that could not be started or followed

What the algorithm raises, of hyperparameters, images and model artifacts, has a tree of its own beside this one,
``imageclassification.errors``; so has the local cloud, ``localcloud.errors``. Whoever shows errors to a person catches
all three::

    except SHOWN as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code)

Example::

    raise DatasetError("bicycles.tar.gz is not a CIFAR-100 archive: it has no file 'train'",
                       hint="give the original cifar-100-python.tar.gz, or run: invoke etl --download")
"""

from imageclassification.errors import ImageClassificationError
from localcloud.errors import LocalCloudError


class SconesError(Exception):
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


#: What is shown to a person as one message, with ``message``, ``hint`` and ``exit_code``: for an ``except`` clause.
SHOWN = (SconesError, ImageClassificationError, LocalCloudError)


class InputError(SconesError):
    """What the user gave cannot be used."""

    exit_code = 2


class DatasetError(InputError):
    """Images, archives, labels or splits that cannot make a data set."""


class PackagingError(InputError):
    """A Lambda function that cannot be made into a zip."""


class SettingsError(InputError):
    """An environment that does not exist, or one whose files cannot be used."""


class SetupError(SconesError):
    """Something that this machine lacks."""


class CloudError(SconesError):
    """A cloud that cannot be reached, or that refused a call."""


class TrainingError(SconesError):
    """A training job that failed or was stopped."""


class RegistryError(SconesError):
    """A model version that is missing, or that may not be used."""


class TerraformError(SconesError):
    """A terraform command that failed."""


class StalePlanError(TerraformError):
    """A saved plan that may not be applied any more: what it was made of has changed."""


class LockedStateError(TerraformError):
    """A state that another command is changing."""


class WorkflowError(SconesError):
    """An execution that could not be started or followed."""


class CheckError(SconesError):
    """Files that a check has something against, or a check that could not be made."""
