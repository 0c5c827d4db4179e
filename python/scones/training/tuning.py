"""Starts and stops hyperparameter tuning jobs of the built-in Image Classification algorithm.

Example (not run: it needs an AWS account)::

    environment = settings.load("dev")
    name = start(environment, spec, ranges.SMALL_IMAGES)
    found = watch.follow(environment, name, print)
    found.best.name     # the training job to register

A tuning job starts training jobs, its trials. Each trial has other hyperparameters from the searched ranges. The
objective is the validation accuracy of the last epoch. A trial's artifact has the model of its best epoch, or of its
last saved epoch with ``checkpoint_frequency``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imageclassification import ranges
from imageclassification.errors import HyperparameterError
from imageclassification.hyperparameters import Hyperparameters, parse
from scones import aws
from scones.errors import InputError, TrainingError
from scones.model.registry.pinned import VALIDATION_ACCURACY
from scones.settings import Tuning
from scones.training import request as training_requests
from scones.training.job import own_tags
from scones.training.spreading import once_known

if TYPE_CHECKING:
    from scones.settings import Environment
    from scones.training.spec import JobSpec


def check_name(name: str) -> None:
    """Refuse a tuning job's name that SageMaker does not accept.

    Raises:
        InputError: the name is too long or has other characters.
    """
    training_requests.check_name(name, of="tuning", longest=32)


def new_name(environment: Environment, now: datetime | None = None) -> str:
    """A tuning job's name from the environment and the time (UTC): ``tune-dev-260101-120000``.

    SageMaker takes 32 characters, and an environment's name has up to 12 (variables.tf of the stacks). So it fits
    uncut: two environments never give the same name.
    """
    return f"tune-{environment.name}-{now or datetime.now(UTC):%y%m%d-%H%M%S}"


def check_strategy(searched: ranges.Searched, strategy: str) -> None:
    """Refuse the strategy Grid for ranges of numbers. Grid needs choices.

    Raises:
        InputError: the strategy is Grid, and a range is searched.
    """
    numbers = [entry.name for entry in searched.values() if isinstance(entry, ranges.Range)]
    if strategy == "Grid" and numbers:
        raise InputError(
            f"the strategy Grid tries every combination of choices, but {numbers[0]} is a range of numbers",
            hint="leave out the range, or use another --strategy: Bayesian, Random",
        )


def check_together(searched: ranges.Searched, chosen: Hyperparameters) -> None:
    """Refuse ranges with values that contradict the other hyperparameters.

    Args:
        searched: The searched ranges and choices.
        chosen: The hyperparameters that all trials share.

    Raises:
        HyperparameterError: an end of a range contradicts another hyperparameter.
    """
    for entry in searched.values():
        for value in entry.ends:
            try:
                parse({**chosen.to_strings(), entry.name: value})
            except HyperparameterError as error:
                raise HyperparameterError(f"{entry} cannot be searched: {error.message}", hint=error.hint) from None


def request(
    training: Mapping[str, Any],
    *,
    name: str,
    searched: ranges.Searched,
    limits: Tuning,
    seed: int | None = None,
) -> dict[str, Any]:
    """The parameters of CreateHyperParameterTuningJob.

    Args:
        training: The request of a training job, from :func:`scones.training.request.request`. All trials share it.
        searched: The searched ranges and choices. They replace the hyperparameters in ``training``.
        limits: The number of trials, the strategy and early stopping.
        seed: Makes the choice of trials repeatable, if the strategy supports it.

    Raises:
        InputError: SageMaker does not accept the name, or the strategy is Grid and a range is searched.
    """
    from sagemaker.core.shapes import HyperParameterTrainingJobDefinition, Tag
    from sagemaker.core.utils.utils import serialize

    check_name(name)
    check_strategy(searched, limits.strategy)
    static = {key: value for key, value in training["hyper_parameters"].items() if key not in searched}
    # No checkpoints: the trials would overwrite each other's.
    own = ("training_job_name", "hyper_parameters", "tags", "checkpoint_config")
    definition = {key: value for key, value in training.items() if key not in own}
    count = {} if limits.strategy == "Grid" else {"MaxNumberOfTrainingJobs": limits.max_jobs}
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": limits.strategy,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": VALIDATION_ACCURACY},
            "ResourceLimits": {**count, "MaxParallelTrainingJobs": limits.max_parallel_jobs},
            "ParameterRanges": ranges.as_request(searched),
            "TrainingJobEarlyStoppingType": "Auto" if limits.early_stopping else "Off",
            **({} if seed is None else {"RandomSeed": seed}),
        },
        "TrainingJobDefinition": {
            **serialize(HyperParameterTrainingJobDefinition(**definition)),
            "StaticHyperParameters": static,
        },
        "Tags": [serialize(Tag(**tag)) for tag in training["tags"]],
    }


def start(
    environment: Environment,
    spec: JobSpec,
    searched: ranges.Searched,
    *,
    limits: Tuning | None = None,
    name: str | None = None,
    seed: int | None = None,
    client: Callable[..., Any] = aws.client,
) -> str:
    """Create a tuning job.

    Args:
        spec: The specification that all trials share. ``searched`` replaces its hyperparameters.
        searched: The searched ranges and choices.
        limits: The number of trials, the strategy and early stopping. By default, the environment's.
        name: The job's name. By default, it is made of the environment and the time.
        seed: Makes the choice of trials repeatable, if the strategy supports it.
        client: Makes boto3 clients.

    Returns:
        The job's name.

    Raises:
        InputError: the name, the strategy or the environment's instance type cannot be used.
        TrainingError: a job with this name exists, or the account's quota is too low.
    """
    from botocore.exceptions import ClientError

    name, limits = name or new_name(environment), limits or environment.tuning
    training = training_requests.request(environment, spec, name=name, tags=own_tags(environment))
    asked = request(training, name=name, searched=searched, limits=limits, seed=seed)
    try:
        once_known(lambda: client(environment, "sagemaker").create_hyper_parameter_tuning_job(**asked))
    except ClientError as error:
        raise _explained(error, environment, name, limits) from error
    return name


def stop(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> None:
    """Stop a tuning job and its running trials, unless it has ended."""
    from botocore.exceptions import ClientError

    try:
        client(environment, "sagemaker").stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":  # the job has ended
            raise


def _explained(error: Any, environment: Environment, name: str, limits: Tuning) -> Exception:
    code, said = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code == "ResourceLimitExceeded":
        return TrainingError(
            f"AWS refused tuning job '{name}': {said}",
            hint=f"the trials need a quota of {limits.max_parallel_jobs} for '{environment.training.instance_type} for "
            f"training job usage', service Amazon SageMaker, region {environment.region}. Request it in the Service "
            "Quotas console, or run fewer trials at a time: --parallel 1",
        )
    if code == "ResourceInUse":
        return TrainingError(
            f"there is a tuning job '{name}' already",
            hint=f"give another --name, or follow that one: invoke tune --attach {name} --env {environment.name}",
        )
    return error
