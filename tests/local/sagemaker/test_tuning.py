"""CreateHyperParameterTuningJob really searches: each trial is a training job in the local cloud."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.filterwarnings("error")

METRIC = "validation:accuracy"


@pytest.fixture(scope="module")
def sagemaker(cloud: Any) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def tuning_request(job_request: Any) -> Callable[..., dict[str, Any]]:
    """CreateHyperParameterTuningJob's parameters, for trials of two epochs. ``config`` replaces the defaults."""

    def make(name: str, *, epochs: int = 2, **config: Any) -> dict[str, Any]:
        training = copy.deepcopy(job_request(name, hyperparameters={"epochs": str(epochs)}))
        del training["TrainingJobName"]
        static = training.pop("HyperParameters")
        del static["learning_rate"]
        return {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Bayesian",
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": METRIC},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2},
                "ParameterRanges": {
                    "ContinuousParameterRanges": [
                        {"Name": "learning_rate", "MinValue": "0.001", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
                    ],
                    "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "nag"]}],
                },
                "TrainingJobEarlyStoppingType": "Off",
                "RandomSeed": 5,
                **config,
            },
            "TrainingJobDefinition": {**training, "StaticHyperParameters": static},
            "Tags": [{"Key": "GitCommit", "Value": "abc"}],
        }

    return make


@pytest.fixture(scope="module")
def finish_tuning(sagemaker: Any, wait_for: Any) -> Callable[[str], dict[str, Any]]:
    def run(name: str) -> dict[str, Any]:
        return wait_for(
            lambda: sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
            lambda job: job["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"),
            seconds=120,
        )

    return run


@pytest.fixture(scope="module")
def tuned(sagemaker: Any, tuning_request: Any, finish_tuning: Any) -> dict[str, Any]:
    """A tuning job of three trials that has completed."""
    sagemaker.create_hyper_parameter_tuning_job(**tuning_request("tuned"))
    return finish_tuning("tuned")


def trials(sagemaker: Any, name: str, **asked: Any) -> list[dict[str, Any]]:
    found = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name, **asked)
    return found["TrainingJobSummaries"]


def test_every_trial_is_a_training_job_that_trained(
    cloud: Any, sagemaker: Any, tuned: dict[str, Any], bucket: str
) -> None:
    found = trials(sagemaker, "tuned", SortBy="CreationTime")
    assert [one["TrainingJobName"][:-8] for one in found] == ["tuned-001-", "tuned-002-", "tuned-003-"]
    assert all(re.fullmatch("[0-9a-f]{8}", one["TrainingJobName"][-8:]) for one in found)
    for trial in found:
        job = sagemaker.describe_training_job(TrainingJobName=trial["TrainingJobName"])
        assert job["TrainingJobStatus"] == trial["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert job["TuningJobArn"] == tuned["HyperParameterTuningJobArn"]
        assert job["HyperParameters"]["_tuning_objective_metric"] == METRIC
        assert {name: job["HyperParameters"][name] for name in ("learning_rate", "optimizer")} == trial[
            "TunedHyperParameters"
        ]
        metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
        objective = trial["FinalHyperParameterTuningJobObjectiveMetric"]
        assert objective == {"MetricName": METRIC, "Value": metrics[METRIC]}
        key = f"models/{trial['TrainingJobName']}/output/model.tar.gz"
        assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{bucket}/{key}"
        cloud.client("s3").head_object(Bucket=bucket, Key=key)
        tags = sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
        assert tags == [{"Key": "GitCommit", "Value": "abc"}]


def test_a_tuning_jobs_answers_have_what_awss_model_requires(
    sagemaker: Any, tuned: dict[str, Any], lacking: Callable[..., list[str]]
) -> None:
    assert lacking("DescribeHyperParameterTuningJob", tuned) == []
    assert lacking("ListHyperParameterTuningJobs", sagemaker.list_hyper_parameter_tuning_jobs()) == []
    listed = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=tuned["HyperParameterTuningJobName"]
    )
    assert lacking("ListTrainingJobsForHyperParameterTuningJob", listed) == []


def test_the_best_and_the_counters_are_those_of_the_trials(sagemaker: Any, tuned: dict[str, Any]) -> None:
    assert tuned["HyperParameterTuningJobStatus"] == "Completed"
    assert tuned["TrainingJobStatusCounters"] == {
        "Completed": 3,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert tuned["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    best = trials(sagemaker, "tuned", SortBy="FinalObjectiveMetricValue", SortOrder="Descending")[0]
    value = "FinalHyperParameterTuningJobObjectiveMetric"
    assert tuned["BestTrainingJob"][value] == best[value]
    assert tuned["CreationTime"] < tuned["HyperParameterTuningEndTime"]
    assert tuned["ConsumedResources"]["RuntimeInSeconds"] >= 3


def test_no_more_trials_run_at_a_time_than_asked_for(sagemaker: Any, tuned: dict[str, Any]) -> None:
    found = trials(sagemaker, "tuned")
    for trial in found:
        others = [one for one in found if one["CreationTime"] < trial["CreationTime"] < one["TrainingEndTime"]]
        assert len(others) < 2


def test_the_request_comes_back_with_what_sagemaker_adds(
    sagemaker: Any, tuned: dict[str, Any], tuning_request: Any
) -> None:
    request = tuning_request("tuned")
    assert tuned["HyperParameterTuningJobConfig"] == request["HyperParameterTuningJobConfig"]
    asked, shown = request["TrainingJobDefinition"], tuned["TrainingJobDefinition"]
    assert shown["StaticHyperParameters"] == {**asked["StaticHyperParameters"], "_tuning_objective_metric": METRIC}
    assert {**shown, "StaticHyperParameters": 0, "AlgorithmSpecification": 0} == {
        **asked,
        "StaticHyperParameters": 0,
        "AlgorithmSpecification": 0,
    }
    summaries = sagemaker.list_hyper_parameter_tuning_jobs(NameContains="tuned")["HyperParameterTuningJobSummaries"]
    assert [(one["HyperParameterTuningJobName"], one["Strategy"]) for one in summaries] == [("tuned", "Bayesian")]
    tags = sagemaker.list_tags(ResourceArn=tuned["HyperParameterTuningJobArn"])["Tags"]
    assert tags == [{"Key": "GitCommit", "Value": "abc"}]


def test_a_stopped_tuning_job_stops_its_trials(
    sagemaker: Any, tuning_request: Any, wait_for: Any, finish_tuning: Any
) -> None:
    sagemaker.create_hyper_parameter_tuning_job(
        **tuning_request(
            "halted",
            epochs=5000,
            ResourceLimits={"MaxNumberOfTrainingJobs": 5, "MaxParallelTrainingJobs": 1},
        )
    )
    wait_for(
        lambda: trials(sagemaker, "halted"),
        lambda found: found and "FinalHyperParameterTuningJobObjectiveMetric" in found[0],
    )
    with pytest.raises(ClientError, match="stop it first"):
        sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="halted")
    sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="halted")
    found = finish_tuning("halted")
    assert found["HyperParameterTuningJobStatus"] == "Stopped"
    assert found["TrainingJobStatusCounters"]["Stopped"] == 1
    (trial,) = trials(sagemaker, "halted")
    assert (trial["TrainingJobStatus"], trial["ObjectiveStatus"]) == ("Stopped", "Succeeded")
    assert found["BestTrainingJob"]["TrainingJobName"] == trial["TrainingJobName"]
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="halted")
    sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="halted")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="halted"):
        sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="halted")


def test_a_value_that_the_algorithm_refuses_fails_its_trial_and_the_job(
    sagemaker: Any, tuning_request: Any, finish_tuning: Any
) -> None:
    request = tuning_request("all-bad", ResourceLimits={"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1})
    request["TrainingJobDefinition"]["StaticHyperParameters"]["num_layers"] = "21"
    sagemaker.create_hyper_parameter_tuning_job(**request)
    found = finish_tuning("all-bad")
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("All training jobs failed with: ClientError: ")
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 1}


def test_refuses_a_name_that_was_used(sagemaker: Any, tuned: dict[str, Any], tuning_request: Any) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="already exists"):
        sagemaker.create_hyper_parameter_tuning_job(**tuning_request("tuned"))


def rate(least: str, most: str, scaling: str = "Linear") -> dict[str, Any]:
    return {
        "ContinuousParameterRanges": [
            {"Name": "learning_rate", "MinValue": least, "MaxValue": most, "ScalingType": scaling}
        ]
    }


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"Strategy": "Hyperband"}, "does not support the strategy Hyperband"),
        (
            {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:loss"}},
            "The objective Maximize validation:loss is not one of the algorithm's",
        ),
        (
            {
                "ParameterRanges": {
                    "IntegerParameterRanges": [{"Name": "num_layers", "MinValue": "18", "MaxValue": "34"}]
                }
            },
            "num_layers cannot be searched: the algorithm tunes learning_rate,",
        ),
        (
            {
                "ParameterRanges": {
                    "IntegerParameterRanges": [{"Name": "learning_rate", "MinValue": "0", "MaxValue": "1"}]
                }
            },
            "learning_rate is continuous",
        ),
        ({"ParameterRanges": rate("0.1", "0.01")}, "learning_rate from 0.1 to 0.01 is no range"),
        ({"ParameterRanges": rate("0.1", "0.9")}, "goes beyond the algorithm's limits: learning_rate 1e-06 to 0.5"),
        ({"ParameterRanges": rate("a", "b")}, "The range of learning_rate, 'a' to 'b', is not of numbers"),
        (
            {"ParameterRanges": {"CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "lion"]}]}},
            "optimizer cannot be 'lion'",
        ),
        ({"ParameterRanges": {}}, "At least one hyperparameter range is required"),
        (
            {
                "ParameterRanges": {
                    "IntegerParameterRanges": [{"Name": "mini_batch_size", "MinValue": "8", "MaxValue": "16"}]
                }
            },
            "can be either static or searched, not both: mini_batch_size",
        ),
        (
            {"ParameterRanges": {"CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "nag"]}]}},
            "The total number of hyperparameter combinations for the provided ranges [2]",
        ),
        ({"Strategy": "Grid"}, "Grid search takes categorical ranges only; learning_rate has a range of numbers"),
        ({"RandomSeed": 2**31}, "RandomSeed is 2147483648; it must be from 0 to 2147483647"),
        ({"ResourceLimits": {"MaxParallelTrainingJobs": 1}}, "MaxNumberOfTrainingJobs is required"),
        (
            {"ResourceLimits": {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 11}},
            "MaxParallelTrainingJobs is 11; it must be from 1 to 10",
        ),
    ],
)
def test_refuses_by_name(sagemaker: Any, tuning_request: Any, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=re.escape(message)) as refused:
        sagemaker.create_hyper_parameter_tuning_job(**tuning_request("refused", **config))
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_refuses_what_no_trial_could_do_and_what_the_local_cloud_does_not_do(
    sagemaker: Any, tuning_request: Any
) -> None:
    request = tuning_request("refused")
    request["TrainingJobDefinition"]["ResourceConfig"]["InstanceType"] = "ml.m5.large"
    with pytest.raises(ClientError, match=r"ml\.m5\.large is not supported by algorithm"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    request = tuning_request("refused")
    request["TrainingJobDefinition"]["VpcConfig"] = {"Subnets": ["subnet-0"], "SecurityGroupIds": ["sg-0"]}
    with pytest.raises(ClientError, match="vpcConfig: The subnet ID 'subnet-0' does not exist"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    request = tuning_request("refused")
    request["TrainingJobDefinition"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://none/none"
    with pytest.raises(ClientError, match=r'No S3 objects found under S3 URL "s3://none/none"'):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    request = tuning_request("refused")
    request["TrainingJobDefinition"]["EnableManagedSpotTraining"] = True
    with pytest.raises(ClientError, match="Invalid MaxWaitTimeInSeconds"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(ClientError, match=r"hyperParameterTuningJobName.* length less than or equal to 32"):
        sagemaker.create_hyper_parameter_tuning_job(**tuning_request(f"x{'-' * 31}x"))
    request = tuning_request("refused")
    request["TrainingJobDefinition"]["CheckpointConfig"] = {"S3Uri": "s3://bucket/checkpoints"}
    with pytest.raises(ClientError, match="does not support CheckpointConfig of a tuning job"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(ClientError, match="does not support WarmStartConfig"):
        sagemaker.create_hyper_parameter_tuning_job(
            **tuning_request("refused"),
            WarmStartConfig={
                "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "tuned"}],
                "WarmStartType": "TransferLearning",
            },
        )
    for action in ("describe_hyper_parameter_tuning_job", "list_training_jobs_for_hyper_parameter_tuning_job"):
        with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="nowhere"):
            getattr(sagemaker, action)(HyperParameterTuningJobName="nowhere")
