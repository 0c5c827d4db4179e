"""DescribeModel, DescribeEndpointConfig and DescribeModelPackage answer with exactly the fields of the Create request.

moto: ``sagemaker/responses.py``, ``create_model``, ``create_endpoint_config`` and ``create_model_package`` keep only
the fields they know. They lose others: EnableNetworkIsolation, InferenceExecutionConfig, ShadowProductionVariants, an
endpoint configuration's VpcConfig, SkipModelValidation. ``sagemaker/models.py``, ``Model`` and ``FakeEndpointConfig``
answer ``VpcConfig: {}``, ``DataCaptureConfig: {}`` and ``Containers: []`` although the request had none of them.
Terraform reads both as a change and plans to replace the resource every time.

AWS: the Describe actions answer with the fields of the Create actions (SageMaker API Reference).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.models import BaseObject, FakeEndpointConfig, Model, ModelPackage, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

SENT = "_sent"
# Another action answers these, or moto keeps them up to date, or they concern the request only.
ELSEWHERE = frozenset({"Tags", "ClientToken", "ModelApprovalStatus", "CustomerMetadataProperties", "ModelPackageName"})


def apply() -> None:
    """Replace moto's functions."""
    _keep_what_was_sent()
    _leave_out_what_was_not()


def _keep_what_was_sent() -> None:
    _keep("create_model", lambda backend, sent, _: backend._models[sent["ModelName"]])
    _keep("create_endpoint_config", lambda backend, sent, _: backend.endpoint_configs[sent["EndpointConfigName"]])
    _keep("create_model_package", lambda backend, _, made: backend.model_packages[made["ModelPackageArn"]])
    for kind in (Model, FakeEndpointConfig):
        kind.response_object = property(_complete(kind.response_object.fget))
    ModelPackage.gen_response_object = _complete(ModelPackage.gen_response_object)


def _keep(action: str, find: Callable[[SageMakerModelBackend, Mapping[str, Any], Mapping[str, Any]], Any]) -> None:
    create = getattr(SageMakerResponse, action)

    def create_and_keep(self: SageMakerResponse) -> ActionResult:
        answer = create(self)
        made = find(self.sagemaker_backend, self.params, answer.result)
        sent = {field: value for field, value in self.params.items() if field not in ELSEWHERE}
        setattr(made, SENT, sent)
        return answer

    setattr(SageMakerResponse, action, create_and_keep)


def _complete(describe: Callable[[BaseObject], dict[str, Any]]) -> Callable[[BaseObject], dict[str, Any]]:
    def described(self: BaseObject) -> dict[str, Any]:
        known = describe(self)
        return {**known, **{field: sent for field, sent in getattr(self, SENT, {}).items() if not known.get(field)}}

    return described


def _leave_out_what_was_not() -> None:
    for kind in (Model, FakeEndpointConfig):
        kind.response_object = property(_without_empty(kind.response_object.fget))


def _without_empty(describe: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    return lambda self: {field: value for field, value in describe(self).items() if value not in ({}, [], None)}
