"""Versions of a model package group count up, wait for approval and carry the group's tags, not their own.

moto: ``sagemaker/models.py``, ``create_model_package`` numbers a version by how many there are, so that after a
deletion a new version takes the place of another; it knows a group by its name only; ``ModelPackage`` is made with no
approval status where none is given.

AWS: a number is given once; the group is named or given by its ARN; ModelApprovalStatus is PendingManualApproval where
none is given; a version cannot be created with tags (CreateModelPackage, SageMaker API Reference).
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import ModelPackage, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

LAST = "last_version"


def apply() -> None:
    create, make = SageMakerResponse.create_model_package, ModelPackage.__init__

    def create_model_package(self: SageMakerResponse) -> ActionResult:
        group = self.params.get("ModelPackageGroupName")
        if group:
            if self.params.get("Tags"):
                raise AWSValidationException("Tags cannot be given to a version: it has those of its group")
            self.params["ModelPackageGroupName"] = group.rpartition("/")[2]
            self.params.setdefault("ModelApprovalStatus", "PendingManualApproval")
        return create(self)

    def __init__(self: ModelPackage, **given: Any) -> None:
        group = None
        if given["model_package_group_name"]:
            backend = sagemaker_backends[given["account_id"]][given["region_name"]]
            group = backend.model_package_groups[given["model_package_group_name"]]
            given["model_package_version"] = getattr(group, LAST, 0) + 1
        make(self, **given)
        if group:
            setattr(group, LAST, given["model_package_version"])

    SageMakerResponse.create_model_package = create_model_package
    ModelPackage.__init__ = __init__
