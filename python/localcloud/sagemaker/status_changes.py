"""Tells EventBridge of SageMaker's models, packages, cards, jobs and endpoints when their status changes.

AWS: Amazon SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge". The detail is what
Describe answers, with times in milliseconds (a model package's are texts) and tags as an object. An endpoint's status
is written in capitals there: IN_SERVICE. A training job's events follow its SecondaryStatus. An endpoint's update has
further events at each of its stages.

Example::

    >>> shouted("InService"), shouted("RollingBack")
    ('IN_SERVICE', 'ROLLING_BACK')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from localcloud import log
from localcloud.events.delivery import send_to_default_bus, service_event

if TYPE_CHECKING:
    from moto.sagemaker.models import ModelPackage

SOURCE = "aws.sagemaker"
#: The attribute of a resource that has the status of its last event. It is kept with the resource.
TOLD = "told"
#: The same for the events of an endpoint's update, and what tells two of them apart.
TOLD_DEPLOYMENT, STAGE = "told_deployment", "stage"


class Described(Protocol):
    """A training job, a transform job or an endpoint."""

    arn: str
    tags: list[dict[str, str]]

    @property
    def response_object(self) -> dict[str, Any]:
        """Describe's answer."""


class DescribedTuning(Protocol):
    """A tuning job."""

    arn: str
    tags: list[dict[str, str]]

    def describe(self) -> dict[str, Any]:
        """DescribeHyperParameterTuningJob's answer."""


def training_job(job: Described) -> None:
    """A training job may have another status."""
    _tell(job, "Training Job", lambda: job.response_object, "TrainingJobStatus", "SecondaryStatus")


def transform_job(job: Described) -> None:
    """A transform job may have another status."""
    _tell(job, "Transform Job", lambda: job.response_object, "TransformJobStatus")


def tuning_job(job: DescribedTuning) -> None:
    """A tuning job may have another status."""
    _tell(job, "HyperParameter Tuning Job", job.describe, "HyperParameterTuningJobStatus")


def endpoint(one: Described, status: str | None = None) -> None:
    """An endpoint may have another status.

    Args:
        status: The status, if it is not that of the endpoint: ``Deleted``.
    """

    def detail() -> dict[str, Any]:
        found = dict(one.response_object)
        return {**found, "EndpointStatus": shouted(status or found["EndpointStatus"])}

    _tell(one, "Endpoint", detail, "EndpointStatus")
    if status is None:
        _deployment(one, detail)


def _deployment(one: Described, detail: Callable[[], dict[str, Any]]) -> None:
    """An endpoint's update may be at another stage. Its making and its deletion are no updates."""

    def staged() -> dict[str, Any]:
        return {**detail(), STAGE: stage_of(one.response_object)}

    if stage_of(one.response_object) or getattr(one, TOLD_DEPLOYMENT, ""):
        _tell(one, "Endpoint Deployment", staged, STAGE, told=TOLD_DEPLOYMENT)


def stage_of(described: Mapping[str, Any]) -> str:
    """The stage of an endpoint's update; empty if there is none under way.

    Example::

        >>> summary = {"ProductionVariants": [{"VariantStatus": [{"Status": "Baking"}]}]}
        >>> stage_of({"EndpointStatus": "Updating", "PendingDeploymentSummary": summary})
        'Updating/Baking'
        >>> stage_of({"EndpointStatus": "Creating", "PendingDeploymentSummary": summary})
        ''
    """
    if described["EndpointStatus"] not in ("Updating", "RollingBack"):
        return ""
    pending = (described.get("PendingDeploymentSummary") or {}).get("ProductionVariants") or [{}]
    stages = [one["Status"] for one in pending[0].get("VariantStatus") or []]
    return "/".join([described["EndpointStatus"], *stages])


def _tell(resource: Any, kind: str, describe: Callable[[], dict[str, Any]], *statuses: str, told: str = TOLD) -> None:
    """Send an event if the status is not that of the last one.

    Args:
        told: The attribute that has the status of the last one.
    """
    try:
        described = describe()
        status = "/".join(str(described[name]) for name in statuses)
        if getattr(resource, told, None) == status:
            return
        tags = {tag["Key"]: tag["Value"] for tag in resource.tags or []}
        described.pop(STAGE, None)
        send(kind, resource.arn, plain({**described, "Tags": tags}, milliseconds))
        setattr(resource, told, status)
    except Exception as error:  # noqa: BLE001 - the job goes on
        log.failure(error)


def send(kind: str, arn: str, detail: dict[str, Any]) -> None:
    """Send an event about a resource.

    Args:
        kind: ``Training Job``.
    """
    region, account = arn.split(":")[3:5]
    name = f"SageMaker {kind} State Change"
    send_to_default_bus(service_event(SOURCE, name, detail, account=account, region=region, resources=[arn]))


def package_detail(package: ModelPackage) -> dict[str, Any]:
    """What an event says of a model package."""
    detail = {
        "ModelPackageGroupName": package.model_package_group_name,
        "ModelPackageVersion": package.model_package_version,
        "ModelPackageName": None if package.model_package_group_name else package.model_package_name,
        "ModelPackageArn": package.arn,
        "ModelPackageDescription": package.model_package_description,
        "CreationTime": package.creation_time,
        "InferenceSpecification": package.inference_specification,
        "ModelPackageStatus": package.model_package_status,
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": bool(package.certify_for_marketplace),
        "ModelApprovalStatus": package.model_approval_status,
        "ApprovalDescription": package.approval_description,
        "MetadataProperties": package.metadata_properties,
        "ModelMetrics": package.model_metrics,
        "CustomerMetadataProperties": package.customer_metadata_properties,
        "LastModifiedTime": package.last_modified_time or package.creation_time,
    }
    return {name: value for name, value in detail.items() if value not in (None, "")}


def install() -> None:
    """Let the operations on model packages, cards, models and endpoint configurations tell of what they change."""
    _packages()
    _cards()
    _made_and_deleted("model", "Model", lambda response: response.sagemaker_backend._models)
    _made_and_deleted(
        "endpoint_config", "Endpoint Config", lambda response: response.sagemaker_backend.endpoint_configs
    )


def _packages() -> None:
    create, update = SageMakerResponse.create_model_package, SageMakerResponse.update_model_package

    def create_model_package(self: SageMakerResponse) -> ActionResult:
        answer = create(self)
        _package_changed(self, answer)
        return answer

    def update_model_package(self: SageMakerResponse) -> ActionResult:
        name = self.params["ModelPackageArn"]
        before = self.sagemaker_backend.describe_model_package(name).model_approval_status
        answer = update(self)
        if self.sagemaker_backend.describe_model_package(name).model_approval_status != before:
            _package_changed(self, answer)
        return answer

    SageMakerResponse.create_model_package = create_model_package
    SageMakerResponse.update_model_package = update_model_package


def _package_changed(response: SageMakerResponse, answer: ActionResult) -> None:
    package = response.sagemaker_backend.describe_model_package(answer.result["ModelPackageArn"])
    send("Model Package", package.arn, plain(package_detail(package), text_of))


def _cards() -> None:
    create, update = SageMakerResponse.create_model_card, SageMakerResponse.update_model_card

    def told(self: SageMakerResponse) -> None:
        card = self.sagemaker_backend.model_cards[self.params["ModelCardName"]][-1]
        described = {**card.describe(), "LastModifiedTime": card.last_modified_time}
        detail = {name: value for name, value in described.items() if name not in ("Content", "ModelCardArn")}
        detail |= {"AccountId": self.current_account, "SecurityConfig": card.security_config or {}}
        send("Model Card", card.arn, plain(detail, exact_text_of))

    def create_model_card(self: SageMakerResponse) -> ActionResult:
        answer = create(self)
        told(self)
        return answer

    def update_model_card(self: SageMakerResponse) -> ActionResult:
        answer = update(self)
        told(self)
        return answer

    SageMakerResponse.create_model_card = create_model_card
    SageMakerResponse.update_model_card = update_model_card


def _made_and_deleted(noun: str, kind: str, resources: Callable[[SageMakerResponse], Mapping[str, Any]]) -> None:
    """Tell of a resource that has no status when it is made and deleted.

    Args:
        noun: ``endpoint_config``, as in the names of moto's methods.
    """
    create, delete = getattr(SageMakerResponse, f"create_{noun}"), getattr(SageMakerResponse, f"delete_{noun}")
    field = "".join(part.title() for part in noun.split("_"))

    def told(self: SageMakerResponse, arn: str, name: str, detail: dict[str, Any]) -> None:
        tags = {tag["Key"]: tag["Value"] for tag in detail.pop("Tags", None) or []}
        send(kind, arn, plain({f"{field}Name": name, f"{field}Arn": arn, **detail, "Tags": tags}, milliseconds))

    def created(self: SageMakerResponse) -> ActionResult:
        answer: ActionResult = create(self)
        detail = {**self.params, "CreationTime": datetime.now(UTC)}
        told(self, answer.result[f"{field}Arn"], self.params[f"{field}Name"], detail)
        return answer

    def deleted(self: SageMakerResponse) -> ActionResult | EmptyResult:
        name = self.params[f"{field}Name"]
        gone = resources(self).get(name)
        answer: ActionResult | EmptyResult = delete(self)
        if gone is not None:
            told(self, getattr(gone, f"{noun}_arn", None) or gone.arn, name, {})
        return answer

    setattr(SageMakerResponse, f"create_{noun}", created)
    setattr(SageMakerResponse, f"delete_{noun}", deleted)


def shouted(status: str) -> str:
    """A status in capitals, with underscores between its words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def plain(value: Any, moment: Callable[[datetime], Any]) -> Any:
    """A value as JSON has it.

    Args:
        moment: What becomes of a time.
    """
    if isinstance(value, Mapping):
        return {str(name): plain(one, moment) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, moment) for one in value]
    if isinstance(value, datetime):
        return moment(value)
    return value


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970. moto's times are in UTC and do not say so."""
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def exact_text_of(moment: Any) -> str:
    """A time in ISO 8601, with milliseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def text_of(moment: Any) -> str:
    """A time in ISO 8601."""
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
