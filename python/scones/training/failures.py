"""Explains why a training job was not created, failed or was stopped.

Example::

    >>> from scones import settings
    >>> from scones.training.described import DescribedJob
    >>> from scones.training.progress import Progress
    >>> job = DescribedJob("scones-dev-1", "arn", "Stopped", "MaxRuntimeExceeded", None, "image", None, None)
    >>> print(ended(job, Progress("scones-dev-1", epochs=30), settings.load("dev")))
    training job 'scones-dev-1' was stopped: it took longer than training.max_runtime_seconds allows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scones.errors import StoppedError, TrainingError

if TYPE_CHECKING:
    from scones.settings import Environment
    from scones.training.described import DescribedJob
    from scones.training.progress import Progress


def ended(job: DescribedJob, progress: Progress, environment: Environment) -> TrainingError:
    """The error for a job that failed or was stopped. StoppedError if someone stopped it."""
    reason = job.failure_reason or {
        "MaxRuntimeExceeded": "it took longer than training.max_runtime_seconds allows",
        "Stopped": "someone stopped it",
    }.get(job.secondary_status, job.secondary_status)
    how = "failed" if job.status == "Failed" else "was stopped"
    lines = "".join(f"\n    {line}" for line in progress.tail)
    message = f"training job '{job.name}' {how}: {reason}"
    if lines:
        message += f"\n  the last lines of its log:{lines}"
    hints = []
    if job.status == "Stopped" and progress.kept is not None:
        hints.append(
            f"its best model (validation accuracy {progress.kept:.3f}) is kept; "
            f"to register it: invoke register --job {job.name} --env {environment.name}"
        )
    if job.checkpoint_uri is not None and progress.epochs_done:
        after = f"to resume after epoch {progress.epochs_done} of {progress.epochs}"
        hints.append(f"{after}: invoke train --resume {job.name} --env {environment.name}")
    on_request = job.status == "Stopped" and job.secondary_status == "Stopped"
    return (StoppedError if on_request else TrainingError)(message, hint="; ".join(hints) or None)


def refused(error: Any, environment: Environment, name: str) -> Exception:
    """The error for a job that could not be created.

    Args:
        error: botocore's ClientError.

    Returns:
        A TrainingError, or ``error`` itself if its code is not known.
    """
    code, said = error.response["Error"]["Code"], error.response["Error"]["Message"]
    instance_type = environment.training.instance_type
    if code == "ResourceLimitExceeded":
        return TrainingError(
            f"AWS refused training job '{name}': {said}",
            hint="new accounts have a quota of 0 for GPU training jobs. In the Service Quotas console, region "
            f"{environment.region}, service Amazon SageMaker, request 1 for '{instance_type} for training job usage'. "
            "AWS answers within hours or days",
        )
    if code == "ResourceInUse":
        return TrainingError(
            f"there is a training job '{name}' already",
            hint=f"give another --name, or follow that one: invoke train --attach {name} --env {environment.name}",
        )
    return error
