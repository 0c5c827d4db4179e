"""UpdateModelPackage leaves alone what it is not given.

moto: ``sagemaker/models.py``, ``update_model_package`` sets approval status, approval description and metadata to what
the call has, so that approving a version wipes its metadata, and changing metadata its approval.

AWS: what is not given stays; CustomerMetadataProperties are added to those there are (UpdateModelPackage, SageMaker API
Reference).
"""

from __future__ import annotations

from typing import Any

from moto.sagemaker.models import SageMakerModelBackend


def apply() -> None:
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
