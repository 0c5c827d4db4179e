"""CreateModel, CreateEndpointConfig and CreateModelPackageGroup refuse a name that exists already.

moto: ``sagemaker/models.py``, ``create_model``, ``create_endpoint_config`` and ``create_model_package_group`` replace
the existing resource.

AWS: ValidationException. A Terraform resource with create_before_destroy therefore needs a new name.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter


def apply() -> None:
    """Replace moto's functions."""
    _refuse_existing("create_model", "ModelName", "_models", "model", 'Cannot create already existing model "{}".')
    _refuse_existing(
        "create_endpoint_config",
        "EndpointConfigName",
        "endpoint_configs",
        "endpoint-config",
        'Cannot create already existing endpoint configuration "{}".',
    )
    _refuse_existing(
        "create_model_package_group",
        "ModelPackageGroupName",
        "model_package_groups",
        "model-package-group",
        "Model Package Group already exists: {}",
    )


def _refuse_existing(action: str, parameter: str, attribute: str, kind: str, message: str) -> None:
    create = getattr(SageMakerResponse, action)

    def create_new(self: SageMakerResponse) -> ActionResult:
        backend: SageMakerModelBackend = self.sagemaker_backend
        existing: dict[str, Any] = getattr(backend, attribute)
        name = self.params[parameter]
        if name in existing:
            raise AWSValidationException(message.format(arn_formatter(kind, name, self.current_account, self.region)))
        return create(self)

    setattr(SageMakerResponse, action, create_new)
