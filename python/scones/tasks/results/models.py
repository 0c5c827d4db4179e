"""The results of the tasks that make and register models: etl, train, tune, jobs, register, models, pin,
model.inspect.

Example::

    >>> RegistryResult("dev", (), None).versions
    ()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imageclassification.description import Description
    from scones.dataset.choice import Ensured
    from scones.model.registry import PinnedModel, Version
    from scones.training.described import DescribedJob
    from scones.training.jobs import ListedJob
    from scones.training.trials import TuningSnapshot


@dataclass(frozen=True)
class EtlClass:
    """The number of a class's images.

    Attributes:
        name: The class.
        label: Its label, from 0.
        train, validation, test: How many images each split has.
    """

    name: str
    label: int
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class EtlResult:
    """The data set that stands now.

    Attributes:
        folder: Its folder.
        fingerprint: The fingerprint of its images, labels and splits.
        source: Where its images come from.
        drawn: Whether they are drawn by code, so that they are no photographs.
        pixels: The side of an image, in pixels.
        classes: Each class, in label order.
        other: How many images of the class other show what, by its name. Null without that class.
        left_out: How many files could not be used. dataset.json lists them.
        replaced: The fingerprint of the data set that stood there before. Null if there was none, or this one.
        uri: Where it was uploaded to. Null if it was not.
    """

    folder: str
    fingerprint: str
    source: str
    drawn: bool
    pixels: int
    classes: tuple[EtlClass, ...]
    other: dict[str, int] | None
    left_out: int
    replaced: str | None
    uri: str | None

    @classmethod
    def of(cls, ensured: Ensured, before: str | None, uri: str | None) -> EtlResult:
        """The result of building a data set.

        Args:
            before: The fingerprint of the one that stood there.
            uri: Where it was uploaded to.
        """
        found = ensured.dataset
        classes = (
            EtlClass(name, label, *(found.counts[split][name] for split in ("train", "validation", "test")))
            for label, name in enumerate(found.classes)
        )
        return cls(
            folder=str(found.root),
            fingerprint=found.fingerprint,
            source=ensured.title,
            drawn=ensured.drawn,
            pixels=found.side,
            classes=tuple(classes),
            other=dict(found.other["kinds"]) if found.other else None,
            left_out=len(found.description["skipped"]),
            replaced=before if before != found.fingerprint else None,
            uri=uri,
        )


@dataclass(frozen=True)
class InspectedLayer:
    """A node of a network.

    Attributes:
        name: Its name.
        operator: MXNet's name of what it computes.
        shape: The shape of what it gives for one image.
        parameters: The number of its weights and running statistics.
    """

    name: str
    operator: str
    shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class InspectResult:
    """What is inside a model artifact.

    Attributes:
        artifact: The artifact, as it was given.
        size: Its size, in bytes.
        version: The registered version that it is. Null if it is none that is known.
        class_names: The classes, in the order of the outputs. Null if they are not known: an artifact has no names.
        classes: The number of classes.
        multi_label: Whether each class has a probability of its own.
        image_shape: Channels, height and width of the input.
        epoch: The epoch of the parameters, from 1.
        batch: The batch size of the training. Null if it is not known.
        mxnet_version: The version of MXNet whose format it has. Null if it does not say.
        depth: The number of layers with weights.
        parameters: The number of weights and running statistics.
        bytes: Their size.
        dtypes: Their types, sorted.
        layers: The layers, in the order of computation.
    """

    artifact: str
    size: int
    version: int | None
    class_names: tuple[str, ...] | None
    classes: int
    multi_label: bool
    image_shape: tuple[int, int, int]
    epoch: int
    batch: int | None
    mxnet_version: str | None
    depth: int
    parameters: int
    bytes: int
    dtypes: tuple[str, ...]
    layers: tuple[InspectedLayer, ...]

    @classmethod
    def of(cls, found: Description, artifact: str, size: int, known: PinnedModel | None) -> InspectResult:
        """The result of describing an artifact.

        Args:
            known: The registered model that it is.
        """
        layers = (InspectedLayer(one.name, one.operator, tuple(one.shape), one.parameters) for one in found.layers)
        return cls(
            artifact=artifact,
            size=size,
            version=known.version if known else None,
            class_names=tuple(known.class_labels) if known else None,
            classes=found.classes,
            multi_label=found.multi_label,
            image_shape=found.image_shape,
            epoch=found.epoch,
            batch=found.batch,
            mxnet_version=found.mxnet_version,
            depth=found.depth,
            parameters=found.parameters,
            bytes=found.bytes,
            dtypes=found.dtypes,
            layers=tuple(layers),
        )


@dataclass(frozen=True)
class RegisteredVersion:
    """A version in the model registry.

    Attributes:
        version: Its number.
        status: Approved, PendingManualApproval or Rejected.
        pinned: Whether it is the one that Terraform deploys.
        created: When it was registered, ISO 8601.
        accuracy: Its accuracy on the validation images, 0 to 1. Null if it is not known.
        calibration_error: Its expected calibration error there, as it is served. Null if it is not known.
        classes: The classes, in label order. Null, as what follows, if another program registered the version.
        job: The training job, or imported/… for a model from elsewhere.
        dataset: The data set's fingerprint; empty if there is none.
        commit: The git commit, with -dirty if files differed; empty if it is not known.
        artifact: The s3:// URL of the model.tar.gz.
        artifact_sha256: Its SHA-256, in hexadecimal.
        arn: The ARN of the model package.
    """

    version: int
    status: str
    pinned: bool
    created: str
    accuracy: float | None
    calibration_error: float | None
    classes: tuple[str, ...] | None
    job: str | None
    dataset: str | None
    commit: str | None
    artifact: str | None
    artifact_sha256: str | None
    arn: str

    @classmethod
    def of(cls, found: Version, pinned: str | None) -> RegisteredVersion:
        """The version as it is registered.

        Args:
            pinned: The ARN of the pinned model package.
        """
        model = found.model
        return cls(
            version=found.version,
            status=found.status,
            pinned=found.arn == pinned,
            created=found.created.isoformat(),
            accuracy=found.accuracy,
            calibration_error=calibration_error(model),
            classes=tuple(model.class_labels) if model else None,
            job=found.job,
            dataset=model.dataset_fingerprint if model else None,
            commit=model.git_commit if model else None,
            artifact=model.artifact_uri if model else None,
            artifact_sha256=model.artifact_sha256 if model else None,
            arn=found.arn,
        )


def calibration_error(model: Any) -> float | None:
    """The calibration error of the served model: after calibration if it is calibrated. None if it is not known."""
    metrics = model.metrics if model else {}
    return metrics.get("validation:ece_calibrated", metrics.get("validation:ece"))


@dataclass(frozen=True)
class RegistryResult:
    """The registered versions.

    Attributes:
        environment: The environment.
        versions: Each version, the newest first.
        pinned: The number of the pinned version. Null if none is pinned, or one of another registry.
    """

    environment: str
    versions: tuple[RegisteredVersion, ...]
    pinned: int | None

    @classmethod
    def of(cls, environment: str, found: Sequence[Version], pinned: str | None) -> RegistryResult:
        """The result of listing versions.

        Args:
            pinned: The ARN of the pinned model package.
        """
        versions = tuple(RegisteredVersion.of(one, pinned) for one in found)
        return cls(environment, versions, next((one.version for one in versions if one.pinned), None))


@dataclass(frozen=True)
class RegisterResult:
    """A version that has been registered or pinned.

    Attributes:
        environment: The environment.
        model: The version.
    """

    environment: str
    model: RegisteredVersion

    @classmethod
    def of(cls, environment: str, found: Version, pinned: str | None) -> RegisterResult:
        """The result of registering or pinning a version.

        Args:
            pinned: The ARN of the pinned model package.
        """
        return cls(environment, RegisteredVersion.of(found, pinned))


@dataclass(frozen=True)
class TrainResult:
    """A training job that has completed.

    Attributes:
        environment: The environment.
        job: Its name.
        artifact: The s3:// URL of its model.tar.gz.
        dataset: The s3:// URL of its data set. Null if it read none from S3.
        hyperparameters: What it was given.
        metrics: The last value of each metric.
        billable_seconds: The time that AWS charges for. Null if it is not known.
        model: The version that was registered. Null if none was.
    """

    environment: str
    job: str
    artifact: str | None
    dataset: str | None
    hyperparameters: dict[str, str]
    metrics: dict[str, float]
    billable_seconds: int | None
    model: RegisteredVersion | None

    @classmethod
    def of(cls, environment: str, job: DescribedJob, version: Version | None, pinned: str | None) -> TrainResult:
        """The result of a job.

        Args:
            version: The version that was registered.
            pinned: The ARN of the pinned model package.
        """
        return cls(
            environment=environment,
            job=job.name,
            artifact=job.artifact_uri,
            dataset=job.dataset_uri,
            hyperparameters=dict(job.hyperparameters),
            metrics=dict(job.metrics),
            billable_seconds=job.billable_seconds,
            model=RegisteredVersion.of(version, pinned) if version else None,
        )


@dataclass(frozen=True)
class TuneTrial:
    """A trial of a tuning job.

    Attributes:
        job: Its training job.
        outcome: How it ended, such as completed or stopped early.
        hyperparameters: The values that were tried.
        epochs: How many epochs it had.
        accuracy: The validation accuracy of its last epoch, 0 to 1. Null before the first.
        kept_accuracy: That of the model that it kept. Null if it is not known.
        seconds: How long it trained.
        failure_reason: SageMaker's reason. Null if it has not failed.
    """

    job: str
    outcome: str
    hyperparameters: dict[str, str]
    epochs: int
    accuracy: float | None
    kept_accuracy: float | None
    seconds: int
    failure_reason: str | None


@dataclass(frozen=True)
class TuneResult:
    """A tuning job that has ended. The exit code is 1 if it found no model.

    Attributes:
        environment: The environment.
        job: Its name.
        status: How it ended.
        strategy: How it searched.
        searched: The ranges and choices.
        best: The training job of the best trial. Null if it found no model.
        trials: Each trial, in the order in which they began.
        model: The version that was registered. Null if none was.
        folder: The folder of trials.json and trials.png.
    """

    environment: str
    job: str
    status: str
    strategy: str
    searched: tuple[str, ...]
    best: str | None
    trials: tuple[TuneTrial, ...]
    model: RegisteredVersion | None
    folder: str

    @classmethod
    def of(
        cls, environment: str, job: TuningSnapshot, version: Version | None, pinned: str | None, folder: str
    ) -> TuneResult:
        """The result of a job.

        Args:
            version: The version that was registered.
            pinned: The ARN of the pinned model package.
            folder: The folder of the trials' files.
        """
        return cls(
            environment=environment,
            job=job.name,
            status=job.status,
            strategy=job.strategy,
            searched=tuple(map(str, job.searched.values())),
            best=job.best_name,
            trials=tuple(
                TuneTrial(
                    job=one.name,
                    outcome=job.outcome(one),
                    hyperparameters=dict(one.values),
                    epochs=one.epochs_done,
                    accuracy=one.objective,
                    kept_accuracy=one.kept,
                    seconds=one.seconds,
                    failure_reason=one.failure_reason,
                )
                for one in job.trials
            ),
            model=RegisteredVersion.of(version, pinned) if version else None,
            folder=folder,
        )


@dataclass(frozen=True)
class JobRow:
    """A training or tuning job.

    Attributes:
        name: Its name.
        kind: training or tuning.
        status: SageMaker's status.
        running: Whether it has not ended.
        created: When it was created, in ISO 8601.
        ended: When it ended. Null as long as it runs.
    """

    name: str
    kind: str
    status: str
    running: bool
    created: str
    ended: str | None


@dataclass(frozen=True)
class JobsResult:
    """The environment's training and tuning jobs.

    Attributes:
        environment: The environment.
        jobs: Each job, the newest first. Only those that run, without --all.
    """

    environment: str
    jobs: tuple[JobRow, ...]

    @classmethod
    def of(cls, environment: str, found: Sequence[ListedJob]) -> JobsResult:
        """The result of listing jobs."""
        rows = (
            JobRow(
                one.name,
                one.kind,
                one.status,
                one.running,
                one.created.isoformat(),
                one.ended.isoformat() if one.ended else None,
            )
            for one in found
        )
        return cls(environment, tuple(rows))
