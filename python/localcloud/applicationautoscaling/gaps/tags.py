"""Scalable targets can be tagged, and their tags listed.

moto: ``applicationautoscaling/responses.py`` drops the tags of RegisterScalableTarget. It has no
``ListTagsForResource``, and Terraform calls that for every target.

AWS: RegisterScalableTarget and TagResource set tags (Application Auto Scaling API Reference).
"""

from __future__ import annotations

import json

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeScalableTarget,
    applicationautoscaling_backends,
)
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError


class ResourceNotFound(JsonRESTError):
    def __init__(self, arn: str) -> None:
        super().__init__("ResourceNotFoundException", f"No scalable target found for ARN: {arn}")


def apply() -> None:
    register = ApplicationAutoScalingResponse.register_scalable_target

    def register_scalable_target(self: ApplicationAutoScalingResponse) -> str:
        answer = register(self)
        if tags := self._get_param("Tags"):
            target = _find(self, json.loads(answer)["ScalableTargetARN"])
            target.tags = {**_tags(target), **tags}
        return answer

    def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
        return json.dumps({"Tags": _tags(_find(self, self._get_param("ResourceARN")))})

    def tag_resource(self: ApplicationAutoScalingResponse) -> str:
        target = _find(self, self._get_param("ResourceARN"))
        target.tags = {**_tags(target), **self._get_param("Tags")}
        return "{}"

    def untag_resource(self: ApplicationAutoScalingResponse) -> str:
        target = _find(self, self._get_param("ResourceARN"))
        gone = set(self._get_param("TagKeys"))
        target.tags = {key: value for key, value in _tags(target).items() if key not in gone}
        return "{}"

    for action in (register_scalable_target, list_tags_for_resource, tag_resource, untag_resource):
        setattr(ApplicationAutoScalingResponse, action.__name__, action)


def _tags(target: FakeScalableTarget) -> dict[str, str]:
    return getattr(target, "tags", {})


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """A scalable target's tags, for policies; none if there is no such target."""
    found = _target(applicationautoscaling_backends[account][region], arn)
    return dict(_tags(found)) if found else {}


def _find(response: ApplicationAutoScalingResponse, arn: str) -> FakeScalableTarget:
    found = _target(response.applicationautoscaling_backend, arn)
    if found is None:
        raise ResourceNotFound(arn)
    return found


def _target(backend: ApplicationAutoscalingBackend, arn: str) -> FakeScalableTarget | None:
    return next((one for some in backend.targets.values() for one in some.values() if one.arn == arn), None)
