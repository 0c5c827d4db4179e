"""Finds the models that answered: their labels in the Model Registry, and what the endpoint runs now.

Example (not run: it needs an AWS account)::

    models = look_up(sagemaker, found.paths, "scones-dev", folder)
    models.of(CapturePlace.of(found.paths[0])).classes           # ('bicycle', 'motorcycle')

The labels are kept in a file beside the downloaded captures. So they stay with their models, also when a model package
or the whole environment is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from imageclassification import files
from scones.service.capture.models import (
    AnsweringModel,
    CapturePlace,
    Models,
    Standing,
    key_of,
    mark_of,
    packages_in,
)

KEPT = "models.json"
_TAG = "ModelPackage"  # of a model, by terraform/stacks/service/endpoint.tf


def look_up(
    sagemaker: Any, paths: Iterable[Path], endpoint: str, folder: Path, classes: tuple[str, ...] = ()
) -> Models:
    """The models that captured files name, with their labels.

    A model package that the registry does not have any more, or does not show, has unknown labels.

    Args:
        sagemaker: A boto3 SageMaker client.
        paths: The captured files.
        endpoint: The endpoint's name.
        folder: The environment's folder of captures. Its file of models is written if there are more.
        classes: The class labels where the model is not known.
    """
    found = {CapturePlace.of(path) for path in paths}
    standing = _standing(sagemaker, endpoint) if any(not place.package for place in found) else None
    wanted = {place.key for place in found} | set(standing.packages.values() if standing else ())
    known = recall(folder / KEPT)
    missing = wanted - known.keys() - {""}
    if missing:
        more = dict(_registered(sagemaker, missing))
        known |= more
        if more:
            rows = {key: asdict(model) for key, model in sorted(known.items())}
            files.write(folder / KEPT, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    return Models(known, standing, classes)


def recall(kept: Path) -> dict[str, AnsweringModel]:
    """The models that were found before, by their keys. A lost or damaged file only costs a new look-up."""
    try:
        return {
            key: AnsweringModel(
                str(row["package"]), tuple(map(str, row["classes"])), str(row["dataset"]), str(row.get("mark", ""))
            )
            for key, row in json.loads(kept.read_text(encoding="utf-8")).items()
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def recalled(folder: Path, classes: tuple[str, ...] = ()) -> Models:
    """The models of a folder of downloaded captures, from the file that :func:`look_up` left there or above.

    Args:
        classes: The class labels where the model is not known.
    """
    for place in (folder.resolve(), *folder.resolve().parents[:4]):
        if known := recall(place / KEPT):
            return Models(known, classes=classes)
    return Models(classes=classes)


def _registered(sagemaker: Any, keys: set[str]) -> Iterator[tuple[str, AnsweringModel]]:
    """Those of the models that the registry knows with their labels, by their keys."""
    from botocore.exceptions import ClientError

    from scones.model.registry.versions import describe

    packages = {key.partition(" ")[0] for key in keys}
    for group in {package.partition("/")[0] for package in packages}:
        try:
            pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
            arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
            for arn in arns:
                if (package := arn.partition("/")[2]) in packages and (model := describe(sagemaker, arn).model):
                    mark = mark_of(model.artifact_sha256, model.class_labels)
                    for one in ("", mark):
                        found = AnsweringModel(package, tuple(model.class_labels), model.dataset_fingerprint, one)
                        if (key := key_of(package, one)) in keys:
                            yield key, found
        except ClientError:  # the group is gone, or these credentials may not read it
            continue


def served(sagemaker: Any, endpoint: str) -> dict[str, str]:
    """The ARN of the model package that each variant of an endpoint serves, as far as its models tell it.

    The service stack tags each model with its model package. Other programs make a model from the package itself.
    """
    from botocore.exceptions import ClientError

    try:
        return _packages(sagemaker, sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"])
    except ClientError:  # the endpoint is gone, or these credentials may not describe it
        return {}


def _packages(sagemaker: Any, configuration: str) -> dict[str, str]:
    found = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
    packages = {}
    for variant in [*found["ProductionVariants"], *found.get("ShadowProductionVariants", [])]:
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=model["ModelArn"])["Tags"]}
        arn = tags.get(_TAG) or (model.get("PrimaryContainer") or {}).get("ModelPackageName", "")
        if "/" in arn:
            packages[variant["VariantName"]] = arn
    return packages


def _standing(sagemaker: Any, endpoint: str) -> Standing | None:
    """What the endpoint runs now. None if it is not in service, or its files name their models.

    LastModifiedTime is also the end of an update or of a scaling. So all later answers are the present models'.
    """
    from botocore.exceptions import ClientError

    try:
        now = sagemaker.describe_endpoint(EndpointName=endpoint)
        if now["EndpointStatus"] != "InService":
            return None
        name = now["EndpointConfigName"]
        config = sagemaker.describe_endpoint_config(EndpointConfigName=name).get("DataCaptureConfig") or {}
        if packages_in(config.get("DestinationS3Uri", "").rstrip("/").rpartition("/")[2]):
            return None
        packages = {variant: arn.partition("/")[2] for variant, arn in _packages(sagemaker, name).items()}
        return Standing(endpoint, now["LastModifiedTime"], packages)
    except ClientError:  # the endpoint is gone, or these credentials may not describe it
        return None
