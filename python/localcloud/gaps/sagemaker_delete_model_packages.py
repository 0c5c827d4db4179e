"""Model packages and their groups can be deleted.

moto: ``sagemaker/responses.py`` has neither ``DeleteModelPackage`` nor ``DeleteModelPackageGroup``, so
``terraform destroy`` fails.

AWS: a group that still has versions cannot be deleted.
"""

from __future__ import annotations

from moto.core.responses import EmptyResult
from moto.sagemaker.exceptions import ConflictException, ValidationError
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter


def apply() -> None:
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
        name = self.params["ModelPackageGroupName"].rpartition("/")[2]
        if name not in backend.model_package_groups:
            arn = arn_formatter("model-package-group", name, self.current_account, self.region)
            raise ValidationError(f"ModelPackageGroup {arn} does not exist.")
        if any(package.model_package_group_name == name for package in backend.model_packages.values()):
            raise ConflictException(f"Model Package Group {name} cannot be deleted: it still contains Model Packages.")
        del backend.model_package_groups[name]
        return EmptyResult()

    SageMakerResponse.delete_model_package = delete_model_package
    SageMakerResponse.delete_model_package_group = delete_model_package_group
