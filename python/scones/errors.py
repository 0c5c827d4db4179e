"""The exceptions of Scones. Each has a message and a hint with the next step.

::

    SconesError                    every error of this project; exit code 1
    ├── InputError                 the user's input cannot be used; exit code 2
    │   ├── DatasetError           images, archives, labels or splits cannot be used
    │   ├── PackagingError         a Lambda function cannot be packaged
    │   └── SettingsError          an environment or its files cannot be used
    ├── SetupError                 this machine lacks something: Terraform, its provider, a package
    ├── CloudError                 a cloud cannot be reached, or refused a call
    ├── TrainingError              a training job failed or was stopped
    │   └── StoppedError           someone stopped it on purpose
    ├── RegistryError              a model version is missing or may not be used
    ├── TerraformError             a terraform command failed
    │   ├── StalePlanError         the state or the files have changed since the plan was saved
    │   ├── NewRoleError           a service did not know a new role, or what it may do, yet
    │   └── LockedStateError       another command is changing the state
    ├── CheckError                 a check has findings, or could not run
    ├── NotebookError              a notebook's cell failed, or it cannot be run
    └── WorkflowError              an execution could not be started or followed

Example::

    >>> try:
    ...     raise DatasetError("a.tar.gz is not CIFAR-100: it has no file 'train'", hint="run: invoke etl --download")
    ... except SHOWN as error:
    ...     print(f"error {error.exit_code}: {error}")
    error 2: a.tar.gz is not CIFAR-100: it has no file 'train'
    run: invoke etl --download

The algorithm and the local cloud have exceptions of their own, in ``imageclassification.errors`` and
``localcloud.errors``. ``SHOWN`` catches all of them.
"""

from imageclassification.errors import ImageClassificationError
from localcloud.errors import LocalCloudError


class SconesError(Exception):
    """An error with a message for the user.

    Args:
        message: What is wrong, with the value.
        hint: The next step. It is shown on a separate line.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


#: All errors with ``message``, ``hint`` and ``exit_code``, for an ``except`` clause.
SHOWN = (SconesError, ImageClassificationError, LocalCloudError)


class InputError(SconesError):
    """The user's input cannot be used."""

    exit_code = 2


class DatasetError(InputError):
    """Images, archives, labels or splits cannot be used."""


class PackagingError(InputError):
    """A Lambda function cannot be packaged."""


class SettingsError(InputError):
    """An environment does not exist, or its files cannot be used."""


class SetupError(SconesError):
    """This machine lacks something."""


class CloudError(SconesError):
    """A cloud cannot be reached, or refused a call."""


class TrainingError(SconesError):
    """A training job failed or was stopped."""


class StoppedError(TrainingError):
    """Someone stopped a training or tuning job on purpose."""


class RegistryError(SconesError):
    """A model version is missing or may not be used."""


class TerraformError(SconesError):
    """A terraform command failed."""


class StalePlanError(TerraformError):
    """A saved plan may not be applied: the state or the files have changed since it was saved."""


class NewRoleError(TerraformError):
    """A service did not know a role, or its permissions, that were made seconds before."""


class LockedStateError(TerraformError):
    """Another command is changing the state."""


class WorkflowError(SconesError):
    """An execution could not be started or followed."""


class CheckError(SconesError):
    """A check has findings, or could not run."""


class NotebookError(SconesError):
    """A notebook's cell failed, or the notebook cannot be run."""
