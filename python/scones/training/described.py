"""Reads SageMaker's description of a training job.

Example (not run: it needs an AWS account)::

    found = read(resource)      # a TrainingJob of sagemaker.core
    found.artifact_uri          # 's3://BUCKET/models/scones-dev-20260101-120000/output/model.tar.gz'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scones.training.progress import Progress


@dataclass(frozen=True)
class DescribedJob:
    """The current state of a training job.

    Attributes:
        status: InProgress, Completed, Failed, Stopping or Stopped.
        secondary_status: The current step: Starting, Downloading, Training, Uploading, MaxRuntimeExceeded, …
        failure_reason: SageMaker's reason. None if the job has not failed.
        image_uri: The algorithm's image in ECR.
        artifact_uri: The URI of the model, ``s3://…/model.tar.gz``. A running job has not written it yet.
        dataset_uri: The data set, ``s3://BUCKET/datasets/<fingerprint>``. None without a channel ``train`` in S3.
        channels: The names of the channels.
        recordio: Whether the job trains on RecordIO files.
        model_uri: The artifact to start from. None for a job that starts from scratch.
        checkpoint_uri: The prefix of the checkpoints. None for a job without checkpoints.
        hyperparameters: The hyperparameters of the request.
        metrics: The last value of each metric, by name.
        billable_seconds: The billable time. None until the job has ended.
    """

    name: str
    arn: str
    status: str
    secondary_status: str
    failure_reason: str | None
    image_uri: str
    artifact_uri: str | None
    dataset_uri: str | None
    recordio: bool = False
    model_uri: str | None = None
    checkpoint_uri: str | None = None
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    billable_seconds: int | None = None
    channels: tuple[str, ...] = ()

    @property
    def without_dataset(self) -> str:
        """Why :attr:`dataset_uri` is None, for people."""
        if "train" in self.channels:
            return "its channel 'train' does not read S3"
        return f"it has no channel 'train', only: {', '.join(self.channels) or 'none'}"


@dataclass(frozen=True)
class TrainingOutcome:
    """A completed job, and its progress from the log."""

    job: DescribedJob
    progress: Progress


def read(resource: Any) -> DescribedJob:
    """Read a ``TrainingJob`` of ``sagemaker.core``. Fields without a value are a falsy ``Unassigned`` there."""
    channels = {channel.channel_name: channel for channel in resource.input_data_config or ()}
    # A channel may also read a file system. It then has no s3_data_source.
    sources = {name: channel.data_source.s3_data_source for name, channel in channels.items() if channel.data_source}
    uris = {name: source.s3_uri for name, source in sources.items() if source}
    train = uris.get("train", "")
    return DescribedJob(
        name=resource.training_job_name,
        arn=resource.training_job_arn,
        status=resource.training_job_status,
        secondary_status=resource.secondary_status or resource.training_job_status,
        failure_reason=resource.failure_reason or None,
        image_uri=resource.algorithm_specification.training_image,
        artifact_uri=resource.model_artifacts.s3_model_artifacts if resource.model_artifacts else None,
        dataset_uri=train.removesuffix("/").removesuffix("/train").removesuffix("/train.rec") or None,
        recordio=train.endswith("/train.rec"),
        model_uri=uris.get("model"),
        checkpoint_uri=resource.checkpoint_config.s3_uri if resource.checkpoint_config else None,
        hyperparameters=dict(resource.hyper_parameters or {}),
        metrics={metric.metric_name: metric.value for metric in resource.final_metric_data_list or ()},
        billable_seconds=resource.billable_time_in_seconds or None,
        channels=tuple(channels),
    )
