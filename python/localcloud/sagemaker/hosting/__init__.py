"""SageMaker endpoints. They serve models; moto's are InService at once, serve nothing and cannot be updated.

Each variant is one process of ``imageclassification.serve``, which serves the model's artifact. The instance count is
only a number: it changes nothing about the process. UpdateEndpoint is a blue/green deployment. New processes start
while the old ones answer, and the deployment configuration moves the traffic. An alarm rolls the deployment back.
RollingBack lasts until everybody who polls the endpoint has seen it, and at most 12 seconds. A shadow variant gets
copies of requests. Application Auto Scaling changes the instance count.

Some things differ from AWS. A model has one container, of the Image Classification image. Captured data is in S3 after
about a second. There are no rolling deployments, asynchronous inference, explainers, inference components or response
streams. A request for an unsupported field is refused, and the message names the field.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from localcloud import incoming
from localcloud.context import Context
from localcloud.direct import directly
from localcloud.iam.principals import PRINCIPAL
from localcloud.sagemaker.hosting import autoscaling
from localcloud.sagemaker.hosting.capture import Captures
from localcloud.sagemaker.hosting.deployment import Site
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.invocation import Response, invoke, refusal
from localcloud.sagemaker.hosting.plan import check_config, check_model, read_plan, retain
from localcloud.sagemaker.hosting.rollout import read_rollout
from localcloud.sagemaker.hosting.usage import UsageReporter


def install(context: Context) -> None:
    """Replace moto's endpoints and InvokeEndpoint, and start Application Auto Scaling."""
    shutil.rmtree(context.place("endpoints"), ignore_errors=True)  # the processes of an earlier cloud have ended
    captures = Captures(context)
    context.pickling.fix("captures", captures)
    context.starting.append(resume)
    context.starting.append(captures.begin)
    creating = threading.Lock()
    make_model, make_config = SageMakerResponse.create_model, SageMakerResponse.create_endpoint_config

    def create_model(self: SageMakerResponse) -> ActionResult:
        check_model(self.sagemaker_backend, self.params)
        return make_model(self)

    def create_endpoint_config(self: SageMakerResponse) -> ActionResult:
        check_config(self.params)
        return make_config(self)

    def create_endpoint(self: SageMakerResponse) -> ActionResult:
        name = self.params["EndpointName"]
        endpoint = Endpoint(
            Site(context, self.current_account, self.region, name),
            read_plan(self.sagemaker_backend, self.params["EndpointConfigName"]),
            tags=list(self.params.get("Tags") or []),
            captures=captures,
            deployment_config=self.params.get("DeploymentConfig"),
        )
        read_rollout(self.params.get("DeploymentConfig"))  # refuse now what every later update would refuse
        with creating:
            if name in self.sagemaker_backend.endpoints:
                raise AWSValidationException(f'Cannot create already existing endpoint "{endpoint.arn}".')
            self.sagemaker_backend.endpoints[name] = endpoint
        endpoint.create()
        return ActionResult({"EndpointArn": endpoint.arn})

    def update_endpoint(self: SageMakerResponse) -> ActionResult:
        endpoint = _find(self)
        wanted = read_plan(self.sagemaker_backend, self.params["EndpointConfigName"])
        if self.params.get("RetainAllVariantProperties"):
            exclude = self.params.get("ExcludeRetainedVariantProperties") or []
            wanted = retain(wanted, endpoint.plan, exclude=frozenset(each["VariantPropertyType"] for each in exclude))
        autoscaling.refuse_other_instances(
            self.current_account, self.region, endpoint.endpoint_name, endpoint.plan, wanted
        )
        endpoint.update(
            wanted,
            deployment_config=self.params.get("DeploymentConfig"),
            retain_deployment=bool(self.params.get("RetainDeploymentConfig")),
        )
        return ActionResult({"EndpointArn": endpoint.arn})

    describe = SageMakerResponse.describe_endpoint

    def describe_endpoint(self: SageMakerResponse) -> ActionResult:
        answer = describe(self)
        found = self.sagemaker_backend.endpoints.get(self.params["EndpointName"])
        if found is not None:
            found.watchers.asked(self.headers.get("User-Agent", ""), answer.result["EndpointStatus"])
        return answer

    def delete_endpoint(self: SageMakerResponse) -> EmptyResult:
        endpoint = _find(self)
        endpoints = self.sagemaker_backend.endpoints
        endpoint.delete(then=lambda: endpoints.pop(endpoint.endpoint_name, None))
        return EmptyResult()

    def update_endpoint_weights_and_capacities(self: SageMakerResponse) -> ActionResult:
        endpoint = _find(self)
        endpoint.scale(self.params["DesiredWeightsAndCapacities"])
        return ActionResult({"EndpointArn": endpoint.arn})

    for action in (
        create_model,
        create_endpoint_config,
        create_endpoint,
        describe_endpoint,
        update_endpoint,
        delete_endpoint,
        update_endpoint_weights_and_capacities,
    ):
        setattr(SageMakerResponse, action.__name__, action)

    reset = SageMakerModelBackend.reset

    def reset_and_end(self: SageMakerModelBackend) -> None:
        for endpoint in list(self.endpoints.values()):
            endpoint.close()
        reset(self)

    SageMakerModelBackend.reset = reset_and_end

    context.applications["sagemaker-runtime:InvokeEndpoint"] = directly(_invoke_endpoint)
    context.applications["sagemaker-runtime:InvokeEndpointAsync"] = directly(_invoke_endpoint_async)
    autoscaling.install(context.metrics)
    context.starting.append(UsageReporter(context.metrics).begin)


def resume() -> None:
    """Let the endpoints of the cloud before this one answer again."""
    for _, _, backend in sagemaker_backends.iter_backends():
        for name, endpoint in list(backend.endpoints.items()):
            if isinstance(endpoint, Endpoint):
                endpoint.resume(gone=partial(backend.endpoints.pop, name, None))


def _find(response: SageMakerResponse) -> Endpoint:
    name = response.params["EndpointName"]
    endpoint = response.sagemaker_backend.endpoints.get(name)
    if endpoint is None:
        arn = f"arn:aws:sagemaker:{response.region}:{response.current_account}:endpoint/{name}"
        raise AWSValidationException(f'Could not find endpoint "{arn}".')
    return endpoint


def _invoke_endpoint(environ: Mapping[str, Any], parameters: Mapping[str, Any]) -> Response:
    name, account = str(parameters["EndpointName"]), environ[PRINCIPAL].account
    region, _ = incoming.scope(environ) or ("us-east-1", "sagemaker")
    endpoint = sagemaker_backends[account][region].endpoints.get(name)
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return invoke(endpoint, name, environ["wsgi.input"].read(), headers, account=account)


def _invoke_endpoint_async(environ: Mapping[str, Any], parameters: Mapping[str, Any]) -> Response:
    return refusal("the local cloud does not support InvokeEndpointAsync; use InvokeEndpoint")
