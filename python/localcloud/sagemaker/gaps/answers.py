"""Describe actions answer the fields that AWS always answers, whether a request had them or not.

moto: ``sagemaker/models.py`` leaves them out.

AWS: a model's EnableNetworkIsolation is False, and each of its containers has a Mode and an Environment (SageMaker
Developer Guide, the answers of DescribeModel). A group of model packages and a model card have a creator
(DescribeModelPackageGroupOutput and DescribeModelCardResponse: CreatedBy is required). A package's
ModelPackageStatusDetails has its ValidationStatuses. A version has a group and a number and no ModelPackageName, though
the model requires one (SageMaker Developer Guide, "View the details of a model version", the answers of
ListModelPackages and DescribeModelPackage). The local cloud's creator has no Studio profile, so it has no fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.sagemaker.models import FakeModelCard, Model, ModelPackage, ModelPackageGroup

DETAILS: dict[str, list[Any]] = {"ValidationStatuses": [], "ImageScanStatuses": []}


def apply() -> None:
    """Wrap moto's functions."""
    Model.response_object = property(_model(Model.response_object.fget))
    ModelPackageGroup.gen_response_object = _with(ModelPackageGroup.gen_response_object, CreatedBy={})
    FakeModelCard.describe = _with(FakeModelCard.describe, CreatedBy={})
    ModelPackage.gen_response_object = _package(ModelPackage.gen_response_object)


def _model(describe: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def described(self: Model) -> dict[str, Any]:
        found = {"EnableNetworkIsolation": False, **describe(self)}
        if found.get("PrimaryContainer"):
            found["PrimaryContainer"] = _container(found["PrimaryContainer"])
        if found.get("Containers"):
            found["Containers"] = [_container(one) for one in found["Containers"]]
        return found

    return described


def _container(given: dict[str, Any]) -> dict[str, Any]:
    return {"Mode": "SingleModel", "Environment": {}, **given}


def _package(describe: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def described(self: ModelPackage) -> dict[str, Any]:
        found = describe(self)
        details = {**DETAILS, **(found.get("ModelPackageStatusDetails") or {})}
        return {**found, "ModelPackageStatusDetails": details}

    return described


def _with(describe: Callable[[Any], dict[str, Any]], **always: Any) -> Callable[[Any], dict[str, Any]]:
    def described(self: Any) -> dict[str, Any]:
        found = describe(self)
        return {**found, **{name: value for name, value in always.items() if not found.get(name)}}

    return described
