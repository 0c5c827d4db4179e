"""A model cannot be made from a model package that is not approved.

moto: ``sagemaker/responses.py``, ``create_model`` does not look at the package that a container names.

AWS: only approved versions can be deployed (Model Registry, SageMaker's developer guide).
"""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.responses import SageMakerResponse


def apply() -> None:
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
