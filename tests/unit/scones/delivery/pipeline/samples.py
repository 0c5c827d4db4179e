"""Pinned models for the pipeline's tests."""

from __future__ import annotations

from typing import Any

from scones.model.registry import PinnedModel


def model(version: int, accuracy: float, **more: Any) -> PinnedModel:
    given = {
        "package_arn": f"arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/{version}",
        "version": version,
        "image_uri": "image",
        "artifact_uri": "s3://bucket/model.tar.gz",
        "artifact_sha256": "a" * 64,
        "class_labels": ("bicycle", "motorcycle"),
        "metrics": {"validation:accuracy": accuracy},
        "dataset_fingerprint": "b" * 64,
        "git_commit": "c" * 40,
    }
    return PinnedModel(**{**given, **more})
