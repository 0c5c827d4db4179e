"""What a training job is made of: its data, its hyperparameters, and where it reads, runs and writes.

Example::

    spec = JobSpec.within(stack.outputs(), dataset_uri="s3://BUCKET/datasets/3f9a…", hyperparameters=chosen)
    job.start(environment, spec)                        # a training job
    tuning.start(environment, spec, ranges.SMALL_IMAGES)     # or a tuning job, whose trials share it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imageclassification.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Placement:
    """Where a job runs and what its model is encrypted by.

    Attributes:
        kms_key_arn: The key that the bucket is encrypted by; None for S3's own.
        subnet_ids: The subnets that the job reaches S3 from; none for SageMaker's own network.
        security_group_ids: The security groups of what runs there.
    """

    kms_key_arn: str | None = None
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Placement:
        """As the foundation stack's outputs have it; an output that is null is not among them."""
        vpc = outputs.get("vpc") or {}
        return cls(
            outputs.get("kms_key_arn"), tuple(vpc.get("subnet_ids", ())), tuple(vpc.get("security_group_ids", ()))
        )


@dataclass(frozen=True)
class JobSpec:
    """What a training job is asked for; the instance is the environment's.

    Attributes:
        dataset_uri: Where the data set is, ``s3://BUCKET/datasets/<fingerprint>``.
        hyperparameters: The algorithm's, checked.
        bucket: Where the model goes, under ``models/``.
        role_arn: The role that the job takes.
        placement: The network that it runs in, and the key of its model.
        recordio: Train on the data set's ``train.rec`` and ``validation.rec`` rather than on its images.
        model_uri: The ``model.tar.gz`` to start from; None to start from scratch.
        checkpoint_uri: Where the job looks for checkpoints and leaves its own: a prefix, ``s3://BUCKET/checkpoints/JOB``.
            None for a place of the job's own name.
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
        """A job with the bucket, the role and the network of the foundation stack.

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
