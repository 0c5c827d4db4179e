"""Specifies a training job: its data, hyperparameters, role, network and bucket.

Example::

    >>> from imageclassification.hyperparameters import parse
    >>> chosen = parse({"num_classes": "2", "num_training_samples": "900"})
    >>> outputs = {"bucket": "scones-dev-1", "training_role_arn": "arn:aws:iam::123456789012:role/training"}
    >>> spec = JobSpec.within(outputs, dataset_uri="s3://scones-dev-1/datasets/3f9a", hyperparameters=chosen)
    >>> spec.bucket, spec.placement.subnet_ids
    ('scones-dev-1', ())

:func:`scones.training.job.start` starts a training job with it. :func:`scones.training.tuning.start` starts a tuning
job, whose trials share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imageclassification.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Placement:
    """The network and the encryption key of a job.

    Attributes:
        kms_key_arn: The bucket's KMS key. None for S3's own encryption.
        subnet_ids: The VPC's subnets. Empty for SageMaker's own network.
        security_group_ids: The job's security groups in the VPC.
    """

    kms_key_arn: str | None = None
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Placement:
        """Read the foundation stack's outputs. Terraform leaves out outputs that are null."""
        vpc = outputs.get("vpc") or {}
        return cls(
            outputs.get("kms_key_arn"), tuple(vpc.get("subnet_ids", ())), tuple(vpc.get("security_group_ids", ()))
        )


@dataclass(frozen=True)
class JobSpec:
    """The specification of a training job. The environment has the instance type.

    Attributes:
        dataset_uri: The data set, ``s3://BUCKET/datasets/<fingerprint>``.
        hyperparameters: The checked hyperparameters.
        bucket: The bucket for the model, under ``models/``.
        role_arn: The job's execution role.
        placement: The job's network, and the key for its model.
        recordio: Whether to train on ``train.rec`` and ``validation.rec`` instead of images.
        model_uri: The ``model.tar.gz`` to start from. None to start from scratch.
        checkpoint_uri: The prefix for checkpoints, ``s3://BUCKET/checkpoints/JOB``. A job resumes from checkpoints that
            are already there. None for a prefix with the job's name.
    """

    dataset_uri: str
    hyperparameters: Hyperparameters
    bucket: str
    role_arn: str
    placement: Placement = Placement()
    recordio: bool = False
    model_uri: str | None = None
    checkpoint_uri: str | None = None

    @classmethod
    def within(cls, outputs: Mapping[str, Any], **rest: Any) -> JobSpec:
        """Specify a job with the foundation stack's bucket, role and network.

        Args:
            outputs: The foundation stack's outputs.
            rest: The other attributes.
        """
        return cls(
            bucket=outputs["bucket"],
            role_arn=outputs["training_role_arn"],
            placement=Placement.of(outputs),
            **rest,
        )
