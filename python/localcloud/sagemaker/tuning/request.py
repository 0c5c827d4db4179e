"""Reads a CreateHyperParameterTuningJob request.

It refuses AWS's errors, and values that the local cloud does not support. Whole fields that it does not support are in
:data:`localcloud.fidelity.PARTS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.sagemaker.exceptions import ValidationError

from imageclassification.ranges import SCALINGS, Choice, Range, Searched, combinations, problem_of
from localcloud.sagemaker.training.metrics import DEFINITIONS
from localcloud.sagemaker.training.request import check, matches

# Patterns and limits of CreateHyperParameterTuningJob's API reference, and of "Resource Limits for Automatic Model
# Tuning" in the developer guide.
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")
MOST_JOBS = 750
MOST_PARALLEL_JOBS = 10
MOST_SEARCHED = 30
MOST_SEED = 2**31 - 1  # an Integer of the API

OBJECTIVE = "_tuning_objective_metric"  # SageMaker adds this hyperparameter to every trial

# The two fields that say on which instances trials run. SageMaker's SDK gives the second one.
RESOURCES, TUNING_RESOURCES = "ResourceConfig", "HyperParameterTuningResourceConfig"
DEFAULT_VOLUME_GB = 30  # a volume without a size; SageMaker's SDK gives the same

_OF_A_TRAINING_JOB = (
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "RetryStrategy",
    "Environment",
)


@dataclass(frozen=True)
class TuningPlan:
    """A checked request.

    Attributes:
        searched: Ranges and choices, by hyperparameter.
        strategy: Random, Bayesian or Grid.
        metric: The name of the objective metric, which is maximized.
        jobs: The most trials.
        parallel: The most trials that run at once.
        seconds: The longest run time. None if there is no limit.
        early_stopping: Whether trials are stopped by the median rule.
        seed: The same seed chooses the same trials. None chooses at random.
        target: The job completes as soon as a trial reaches this objective. None if there is no target.
        patience: The job completes after this many trials without a better one. None if there is no such limit.
    """

    searched: Searched
    strategy: str
    metric: str
    jobs: int
    parallel: int
    seconds: int | None = None
    early_stopping: bool = False
    seed: int | None = None
    target: float | None = None
    patience: int | None = None


def read(request: Mapping[str, Any]) -> TuningPlan:
    """Check a request and read it.

    Args:
        request: CreateHyperParameterTuningJob's parameters.

    Raises:
        ValidationError: AWS refuses the request, or the local cloud does not support it. The message has the first
            wrong value.

    Example::

        >>> read({"HyperParameterTuningJobName": "tune-1"})
        Traceback (most recent call last):
        ...
        moto.sagemaker.exceptions.ValidationError: ValidationException: A TrainingJobDefinition is required.
    """
    name = request["HyperParameterTuningJobName"]
    matches(name, "hyperParameterTuningJobName", NAME, longest=32)
    definition = request.get("TrainingJobDefinition")
    if not definition:
        raise ValidationError("A TrainingJobDefinition is required.")
    config = request["HyperParameterTuningJobConfig"]
    searched = _searched(config.get("ParameterRanges") or {})
    both = [parameter for parameter in searched if parameter in (definition.get("StaticHyperParameters") or {})]
    if both:
        raise ValidationError(
            f"Hyperparameters can be either static or searched, not both: {', '.join(both)} is in "
            "StaticHyperParameters and in ParameterRanges"
        )
    metric = _objective(config)
    jobs, parallel, seconds = _limits(config, searched)
    seed = config.get("RandomSeed")
    if seed is not None and not 0 <= seed <= MOST_SEED:
        raise ValidationError(f"RandomSeed is {seed}; it must be from 0 to {MOST_SEED}.")
    criteria = config.get("TuningJobCompletionCriteria") or {}
    plan = TuningPlan(
        searched,
        config["Strategy"],
        metric,
        jobs,
        parallel,
        seconds,
        early_stopping=config.get("TrainingJobEarlyStoppingType") == "Auto",
        seed=seed,
        target=criteria.get("TargetObjectiveMetricValue"),
        patience=(criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving"),
    )
    first = {parameter: entry.ends[0] for parameter, entry in searched.items()}
    check(trial_request(request, f"{name}-001-00000000", first))  # refuse now a request that every trial would fail
    return plan


def trial_request(request: Mapping[str, Any], name: str, values: Mapping[str, str]) -> dict[str, Any]:
    """CreateTrainingJob's parameters for one trial.

    Args:
        request: CreateHyperParameterTuningJob's parameters.
        name: The training job's name.
        values: The values of the searched hyperparameters.

    Example::

        >>> objective = {"HyperParameterTuningJobObjective": {"MetricName": "validation:accuracy"}}
        >>> definition = {"AlgorithmSpecification": {}, "StaticHyperParameters": {"epochs": "2"}}
        >>> request = {"HyperParameterTuningJobConfig": objective, "TrainingJobDefinition": definition}
        >>> trial_request(request, "tune-1-001-0a1b2c3d", {"learning_rate": "0.05"})["HyperParameters"]
        {'epochs': '2', '_tuning_objective_metric': 'validation:accuracy', 'learning_rate': '0.05'}
    """
    definition = static_definition(request)
    given = request["TrainingJobDefinition"]["AlgorithmSpecification"]
    algorithm = {key: value for key, value in given.items() if key != "AlgorithmName"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": algorithm,
        "HyperParameters": {**definition["StaticHyperParameters"], **values},
        **{field: definition[field] for field in _OF_A_TRAINING_JOB if definition.get(field) is not None},
        RESOURCES: resources(definition),
        # "Tags that you specify for the tuning job are also added to all training jobs that the tuning job launches."
        "Tags": list(request.get("Tags") or []),
    }


def resources(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The ResourceConfig of every trial.

    Among several InstanceConfigs, SageMaker takes the first that has instances left. Here the first one always has.

    Raises:
        ValidationError: Both fields say it, or the second one says it twice.

    Example::

        >>> several = [{"InstanceType": f"ml.{kind}.xlarge", "InstanceCount": 1} for kind in ("g5", "g4dn")]
        >>> resources({"HyperParameterTuningResourceConfig": {"InstanceConfigs": several}})
        {'VolumeSizeInGB': 30, 'InstanceType': 'ml.g5.xlarge', 'InstanceCount': 1}
    """
    given, plain = definition.get(TUNING_RESOURCES), definition.get(RESOURCES)
    if not given:
        return dict(plain or {})
    if plain:
        raise ValidationError(f"Only one of {RESOURCES} and {TUNING_RESOURCES} can be specified.")
    configs = given.get("InstanceConfigs") or []
    own = {field: value for field, value in given.items() if field not in ("InstanceConfigs", "AllocationStrategy")}
    if configs and (twice := sorted(own.keys() & {"InstanceType", "InstanceCount", "VolumeSizeInGB"})):
        raise ValidationError(f"{TUNING_RESOURCES} cannot have {twice[0]} if it has InstanceConfigs.")
    return {"VolumeSizeInGB": DEFAULT_VOLUME_GB, **own, **(configs[0] if configs else {})}


def static_definition(request: Mapping[str, Any]) -> dict[str, Any]:
    """TrainingJobDefinition in DescribeHyperParameterTuningJob's answer.

    SageMaker adds the algorithm's MetricDefinitions, and the objective metric as a static hyperparameter.
    """
    definition = request["TrainingJobDefinition"]
    metric = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
    return {
        **definition,
        "AlgorithmSpecification": {**definition["AlgorithmSpecification"], "MetricDefinitions": list(DEFINITIONS)},
        "StaticHyperParameters": {**(definition.get("StaticHyperParameters") or {}), OBJECTIVE: metric},
    }


def _searched(ranges: Mapping[str, Any]) -> Searched:
    entries: list[Range | Choice] = []
    for field, whole in (("ContinuousParameterRanges", False), ("IntegerParameterRanges", True)):
        for given in ranges.get(field) or []:
            entries.append(_range(given, whole))
    for given in ranges.get("CategoricalParameterRanges") or []:
        entries.append(Choice(given["Name"], tuple(given["Values"])))
    if not entries:
        raise ValidationError("At least one hyperparameter range is required: ParameterRanges is empty.")
    if len(entries) > MOST_SEARCHED:
        raise ValidationError(f"{len(entries)} hyperparameters have ranges; at most {MOST_SEARCHED} can have one.")
    names = [entry.name for entry in entries]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValidationError(f"The hyperparameter {repeated[0]} has more than one range.")
    for entry in entries:
        if problem := problem_of(entry):
            raise ValidationError(f"The hyperparameter tuning job you requested cannot be run: {problem}.")
    return {entry.name: entry for entry in entries}


def _range(given: Mapping[str, Any], whole: bool) -> Range:
    name, scaling = given["Name"], given.get("ScalingType", "Auto")
    if scaling not in SCALINGS:
        raise ValidationError(f"ScalingType '{scaling}' of {name} must be one of {', '.join(SCALINGS)}.")
    try:
        least, most = (int(given[end]) if whole else float(given[end]) for end in ("MinValue", "MaxValue"))
    except ValueError:
        kind = "integer" if whole else "number"
        raise ValidationError(
            f"The range of {name}, '{given['MinValue']}' to '{given['MaxValue']}', is not of {kind}s."
        ) from None
    return Range(name, least, most, whole, scaling)


def _objective(config: Mapping[str, Any]) -> str:
    """The name of the objective metric, which is maximized."""
    objective = config.get("HyperParameterTuningJobObjective")
    if not objective:
        raise ValidationError("A metric is required for this hyperparameter tuning job objective.")
    # The algorithm has other metrics, but documents only this one for tuning.
    if objective["MetricName"] != "validation:accuracy" or objective["Type"] != "Maximize":
        raise ValidationError(
            f"The objective {objective['Type']} {objective['MetricName']} is not one of the algorithm's; "
            "it is tuned to Maximize validation:accuracy."
        )
    return objective["MetricName"]


def _limits(config: Mapping[str, Any], searched: Searched) -> tuple[int, int, int | None]:
    """The most trials, the most that run at once, and the longest run time in seconds."""
    limits, strategy = config["ResourceLimits"], config["Strategy"]
    jobs, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    known = combinations(searched)
    if strategy == "Grid":
        numbers = [entry.name for entry in searched.values() if isinstance(entry, Range)]
        if numbers:
            raise ValidationError(f"Grid search takes categorical ranges only; {numbers[0]} has a range of numbers.")
        if jobs not in (None, known):
            raise ValidationError(
                f"Grid search tries every combination: MaxNumberOfTrainingJobs must be {known} or left out, not {jobs}."
            )
        jobs = known
    if jobs is None:
        raise ValidationError(f"MaxNumberOfTrainingJobs is required for the strategy {strategy}.")
    if not 1 <= jobs <= MOST_JOBS:
        raise ValidationError(f"MaxNumberOfTrainingJobs is {jobs}; it must be from 1 to {MOST_JOBS}.")
    if not 1 <= parallel <= MOST_PARALLEL_JOBS:
        raise ValidationError(f"MaxParallelTrainingJobs is {parallel}; it must be from 1 to {MOST_PARALLEL_JOBS}.")
    if known is not None and known < jobs:
        raise ValidationError(
            "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
            f"combinations for the provided ranges [{known}] must be equal or greater than the value of "
            f"MaxNumberOfJobs, [{jobs}]. Provide additional ranges."
        )
    return jobs, parallel, limits.get("MaxRuntimeInSeconds")
