"""CloudFormation's AWS::StepFunctions::StateMachine and AWS::StepFunctions::Activity.

moto's CloudFormation makes state machines in moto's own Step Functions, and it has no activities. Here both go through
the operations of the API.

AWS: AWS CloudFormation Template Reference, AWS::StepFunctions::StateMachine and AWS::StepFunctions::Activity.

Example::

    >>> parameters({"RoleArn": "arn:…", "Definition": {"StartAt": "${first}"}, "DefinitionSubstitutions": {"first": "A"}})
    {'roleArn': 'arn:…', 'definition': '{"StartAt": "A"}'}
"""  # noqa: E501 - the example's template is one line

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel
from moto.core.utils import get_service_model

from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.api.wire import Answer, Operations, Sender, call

Json = Any


@dataclass(frozen=True)
class StackKind:
    """A kind of resource in templates.

    Attributes:
        name: What the API calls it: ``Activity``. Its operations are CreateActivity and so on.
        name_property: The property with its name.
        updatable: The parameters that UpdateStateMachine takes. A change of another one replaces the resource.
    """

    name: str
    name_property: str
    updatable: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The member of requests and answers that has its ARN: ``activityArn``."""
        return f"{self.name[:1].lower()}{self.name[1:]}Arn"


MACHINE = StackKind(
    "StateMachine",
    "StateMachineName",
    ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration"),
)
ACTIVITY = StackKind("Activity", "Name")


def install(operations: Operations) -> None:
    """Make CloudFormation use the operations of the API."""
    models = [_model(kind, operations) for kind in (MACHINE, ACTIVITY)]
    parsing.get_name_type_map.cache_clear()
    parsing.get_model_map.cache_clear()
    # moto finds its models among the subclasses, and Python drops a class that nobody holds: the map holds them.
    parsing.get_model_map().update({model.cloudformation_type(): model for model in models})


def parameters(properties: Mapping[str, Json]) -> dict[str, Json]:
    """The parameters of the API for the properties of a template's resource, without its name.

    Raises:
        ValidationError: The local cloud does not support a property.
    """
    given = dict(properties)
    if "DefinitionS3Location" in given:
        words = "the local cloud does not support DefinitionS3Location: use DefinitionString or Definition"
        raise ValidationError(message=words)
    definition = given.pop("DefinitionString", None)
    if "Definition" in given:
        definition = json.dumps(given.pop("Definition"))
    for name, value in (given.pop("DefinitionSubstitutions", None) or {}).items():
        definition = (definition or "").replace(f"${{{name}}}", str(value))
    for name in ("StateMachineName", "Name"):
        given.pop(name, None)
    if "StateMachineType" in given:
        given["Type"] = given.pop("StateMachineType")
    return _lowered(given) | ({"definition": definition} if definition is not None else {})


def _lowered(value: Json) -> Json:
    """A property's value with the API's names, and with numbers and booleans that templates may write as text."""
    if isinstance(value, dict):
        return {f"{name[:1].lower()}{name[1:]}": _typed(name, _lowered(one)) for name, one in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value


def _typed(name: str, value: Json) -> Json:
    if name in ("IncludeExecutionData", "Enabled") and isinstance(value, str):
        return value.lower() == "true"
    return int(value) if name == "KmsDataKeyReusePeriodSeconds" else value


def _model(kind: StackKind, operations: Operations) -> type[CloudFormationModel]:
    """The class by which moto's CloudFormation makes, changes and deletes resources of a kind."""
    service = get_service_model("stepfunctions")

    def carry_out(operation: str, account: str, region: str, given: dict[str, Json]) -> Answer:
        try:
            shape = service.operation_model(operation).input_shape
            return call(operations[operation], shape, Sender(account, region), given)
        except ApiError as error:
            raise ValidationError(message=f"{kind.name}: {error.code}: {error}") from None

    class StackResource(CloudFormationModel):
        def __init__(self, arn: str, name: str) -> None:
            self.physical_resource_id, self.name = arn, name

        @staticmethod
        def cloudformation_name_type() -> str:
            return kind.name_property

        @staticmethod
        def cloudformation_type() -> str:
            return f"AWS::StepFunctions::{kind.name}"

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in ("Arn", "Name")

        def get_cfn_attribute(self, attribute_name: str) -> str:
            if not self.has_cfn_attr(attribute_name):
                raise UnformattedGetAttTemplateException
            return self.name if attribute_name == "Name" else self.physical_resource_id

        @classmethod
        def create_from_cloudformation_json(
            cls,
            resource_name: str,
            cloudformation_json: dict[str, Any],
            account_id: str,
            region_name: str,
            **kwargs: Any,
        ) -> StackResource:
            properties = cloudformation_json["Properties"]
            name = properties.get(kind.name_property, resource_name)
            given = {"name": name, **parameters(properties)}
            answer = carry_out(f"Create{kind.name}", account_id, region_name, given)
            return cls(answer[kind.arn], name)

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: StackResource,
            new_resource_name: str,
            cloudformation_json: dict[str, Any],
            account_id: str,
            region_name: str,
        ) -> StackResource:
            properties = cloudformation_json["Properties"]
            if properties.get(kind.name_property, original_resource.name) != original_resource.name:
                made = cls.create_from_cloudformation_json(
                    new_resource_name, cloudformation_json, account_id, region_name
                )
                cls.delete_from_cloudformation_json(
                    original_resource.physical_resource_id, cloudformation_json, account_id, region_name
                )
                return made
            given, arn = parameters(properties), original_resource.physical_resource_id
            changes = {name: value for name, value in given.items() if name in kind.updatable}
            if changes:
                carry_out(f"Update{kind.name}", account_id, region_name, {kind.arn: arn, **changes})
            _retag(arn, given.get("tags", []), account_id, region_name)
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str
        ) -> None:
            carry_out(f"Delete{kind.name}", account_id, region_name, {kind.arn: resource_name})

    def _retag(arn: str, tags: list[dict[str, str]], account: str, region: str) -> None:
        had = carry_out("ListTagsForResource", account, region, {"resourceArn": arn})["tags"]
        gone = [tag["key"] for tag in had if tag["key"] not in {tag["key"] for tag in tags}]
        carry_out("UntagResource", account, region, {"resourceArn": arn, "tagKeys": gone})
        carry_out("TagResource", account, region, {"resourceArn": arn, "tags": tags})

    return StackResource
