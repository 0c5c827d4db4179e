"""Hyperparameter tuning jobs of the built-in Image Classification algorithm: asked for, and stopped.

Example::

    environment = settings.load("dev")
    name = start(environment, spec, ranges.SMALL_IMAGES)
    found = watch.follow(environment, name, print)
    found.best.name     # the training job to register

A tuning job starts training jobs, its trials, each with other hyperparameters out of the ranges searched, and says
which ended best. The objective is validation accuracy, the last epoch's, as SageMaker has it; the model that a trial
leaves is its best epoch's.
"""

from __future__ import annotations

import re
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

if TYPE_CHECKING:
    from scones.settings import Environment
    from scones.training.spec import JobSpec


def check_name(name: str) -> None:
    """Refuse a tuning job's name that SageMaker does not take.

    Raises:
        InputError: it is such a one.
    """
    training_requests.check_name(name, of="tuning", longest=32)


def new_name(environment: Environment, now: datetime | None = None) -> str:
    """A tuning job's name that says where and when (UTC): ``tune-dev-20260101-120000``."""
    place = re.sub(r"[^a-zA-Z0-9]+", "-", environment.name)[:11].strip("-")
    return f"tune-{place}-{now or datetime.now(UTC):%Y%m%d-%H%M%S}"


def check_strategy(searched: ranges.Searched, strategy: str) -> None:
    """Refuse to search numbers by a grid.

    Raises:
        InputError: that is what is asked for.
    """
    numbers = [entry.name for entry in searched.values() if isinstance(entry, ranges.Range)]
    if strategy == "Grid" and numbers:
        raise InputError(
            f"the strategy Grid tries every combination of choices, and {numbers[0]} is a range of numbers",
            hint="leave the range out, or take another --strategy: Bayesian, Random",
        )


def check_together(searched: ranges.Searched, chosen: Hyperparameters) -> None:
    """Refuse a search of which a trial could be no training job.

    Args:
        searched: What is searched.
        chosen: The hyperparameters of all trials.

    Raises:
        HyperparameterError: an end of a range does not go with the other hyperparameters.
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
    """CreateHyperParameterTuningJob's parameters.

    Args:
        training: A training job's request, as ``scones.training.request.request`` makes it: what all trials share.
        name: The tuning job's name.
        searched: Ranges and choices; their hyperparameters are left out of those that all trials share.
        limits: How many trials, how they are chosen, whether hopeless ones are stopped.
        seed: Repeats the choice of trials, as far as the strategy can.

    Raises:
        InputError: the name is none that SageMaker takes, or a grid is to have numbers.
    """
    from sagemaker.core.shapes import HyperParameterTrainingJobDefinition, Tag
    from sagemaker.core.utils.utils import serialize

    check_name(name)
    check_strategy(searched, limits.strategy)
    static = {key: value for key, value in training["hyper_parameters"].items() if key not in searched}
    # Trials that wrote their checkpoints to one place would overwrite one another's.
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
        spec: What all trials are asked for; hyperparameters that are searched are passed over.
        searched: Ranges and choices.
        limits: The environment's, if not given.
        name: The job's name; one that says where and when, if not given.
        seed: Repeats the choice of trials.
        client: Makes the environment's clients.

    Returns:
        The job's name.

    Raises:
        InputError: the name, the strategy or the environment's instance type cannot be used.
        TrainingError: a job of that name exists, or the account's quota has no room for its trials.
    """
    from botocore.exceptions import ClientError

    name, limits = name or new_name(environment), limits or environment.tuning
    training = training_requests.request(environment, spec, name=name, tags=own_tags(environment))
    asked = request(training, name=name, searched=searched, limits=limits, seed=seed)
    try:
        client(environment, "sagemaker").create_hyper_parameter_tuning_job(**asked)
    except ClientError as error:
        raise _explained(error, environment, name, limits) from error
    return name


def stop(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> None:
    """Ask a tuning job to stop, unless it has ended: no trial is started any more, and those that run are stopped."""
    from botocore.exceptions import ClientError

    try:
        client(environment, "sagemaker").stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":  # it has ended meanwhile
            raise


def _explained(error: Any, environment: Environment, name: str, limits: Tuning) -> Exception:
    code, said = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code == "ResourceLimitExceeded":
        return TrainingError(
            f"AWS refused tuning job '{name}': {said}",
            hint=f"its trials need a quota of {limits.max_parallel_jobs} for '{environment.training.instance_type} for "
            f"training job usage', service Amazon SageMaker, region {environment.region}: ask for it in the console of "
            "Service Quotas, or run fewer at a time: --parallel 1",
        )
    if code == "ResourceInUse":
        return TrainingError(
            f"there is a tuning job '{name}' already",
            hint=f"give another --name, or follow that one: invoke tune --attach {name} --env {environment.name}",
        )
    return error
