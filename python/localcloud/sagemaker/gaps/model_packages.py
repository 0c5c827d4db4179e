"""Model packages and their groups can be deleted. Their version numbers, approval and updates follow AWS.

moto: ``sagemaker/responses.py`` has neither ``DeleteModelPackage`` nor ``DeleteModelPackageGroup``, so
``terraform destroy`` fails. ``create_model`` ignores the approval of a container's model package.
``sagemaker/models.py``, ``create_model_package`` numbers a version by the count of existing versions: after a deletion,
a new version replaces another one. It accepts a group's name, but not its ARN, and so does
``describe_model_package_group``; ``describe_model_package`` accepts a version's ARN, but not its name. A new
``ModelPackage`` has no approval status by default. ``update_model_package`` also overwrites fields that the request
does not have: approving a version deletes its metadata, and changing metadata deletes its approval.

AWS (SageMaker API Reference): a group with versions cannot be deleted. A version number is never used twice.
ModelPackageGroupName is a name or an ARN, and a version's name is ``GROUP/VERSION``. ModelApprovalStatus defaults to
PendingManualApproval. A version cannot be created with tags: it has its group's tags. UpdateModelPackage changes only
the fields of the request, and adds to CustomerMetadataProperties. Only approved versions can be deployed.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import AWSValidationException, ConflictException, ValidationError
from moto.sagemaker.models import ModelPackage, ModelPackageGroup, SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter

from localcloud.sagemaker.places import name_of

LAST = "last_version"


def apply() -> None:
    """Replace moto's functions."""
    _named()
    _delete()
    _count_versions()
    _update()
    _deploy_approved_only()


def _named() -> None:
    describe = SageMakerModelBackend.describe_model_package

    def describe_model_package(self: SageMakerModelBackend, model_package_name: str) -> ModelPackage:
        called = model_package_name
        if "/" in called and not called.startswith("arn:"):
            called = arn_formatter("model-package", called, self.account_id, self.region_name)
        return describe(self, called)

    group = SageMakerModelBackend.describe_model_package_group

    def describe_model_package_group(self: SageMakerModelBackend, model_package_group_name: str) -> ModelPackageGroup:
        return group(self, name_of(model_package_group_name))

    SageMakerModelBackend.describe_model_package = describe_model_package
    SageMakerModelBackend.describe_model_package_group = describe_model_package_group


def _delete() -> None:
    def delete_model_package(self: SageMakerResponse) -> EmptyResult:
        backend = self.sagemaker_backend
        package = backend.describe_model_package(self.params["ModelPackageName"])
        del backend.model_packages[package.arn]
        names = backend.model_package_name_mapping
        for name in [name for name, arn in names.items() if arn == package.arn]:
            del names[name]
        return EmptyResult()

    def delete_model_package_group(self: SageMakerResponse) -> EmptyResult:
        backend = self.sagemaker_backend
        name = name_of(self.params["ModelPackageGroupName"])
        if name not in backend.model_package_groups:
            arn = arn_formatter("model-package-group", name, self.current_account, self.region)
            raise ValidationError(f"ModelPackageGroup {arn} does not exist.")
        if any(package.model_package_group_name == name for package in backend.model_packages.values()):
            raise ConflictException(f"Model Package Group {name} cannot be deleted: it still contains Model Packages.")
        del backend.model_package_groups[name]
        return EmptyResult()

    SageMakerResponse.delete_model_package = delete_model_package
    SageMakerResponse.delete_model_package_group = delete_model_package_group


def _count_versions() -> None:
    create, make = SageMakerResponse.create_model_package, ModelPackage.__init__

    def create_model_package(self: SageMakerResponse) -> ActionResult:
        group = self.params.get("ModelPackageGroupName")
        if group:
            if self.params.get("Tags"):
                raise AWSValidationException("Tags cannot be given to a version: it has those of its group")
            self.params["ModelPackageGroupName"] = name_of(group)
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


def _update() -> None:
    update = SageMakerModelBackend.update_model_package

    def update_model_package(
        self: SageMakerModelBackend,
        model_package_arn: str,
        model_approval_status: str | None,
        approval_description: str | None,
        customer_metadata_properties: dict[str, str] | None,
        *others: Any,
        **named: Any,
    ) -> str:
        package = self.describe_model_package(model_package_arn)
        return update(
            self,
            model_package_arn,
            model_approval_status or package.model_approval_status,
            package.approval_description if approval_description is None else approval_description,
            {**(package.customer_metadata_properties or {}), **(customer_metadata_properties or {})},
            *others,
            **named,
        )

    SageMakerModelBackend.update_model_package = update_model_package


def _deploy_approved_only() -> None:
    create = SageMakerResponse.create_model

    def create_model(self: SageMakerResponse) -> ActionResult:
        containers = [self.params.get("PrimaryContainer"), *(self.params.get("Containers") or [])]
        for container in containers:
            if container and container.get("ModelPackageName"):
                package = self.sagemaker_backend.describe_model_package(container["ModelPackageName"])
                if package.model_approval_status not in (None, "Approved"):
                    raise AWSValidationException(
                        f"Model package {package.arn} cannot be deployed: "
                        f"its approval status is {package.model_approval_status}, not Approved."
                    )
        return create(self)

    SageMakerResponse.create_model = create_model
