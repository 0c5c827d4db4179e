"""Scalable targets of endpoints keep their tags. Plain moto loses them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_a_scalable_targets_tags_are_kept_changed_and_listed(cloud: Any) -> None:
    autoscaling = cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/scones/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    arn = autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2, Tags={"a": "1", "b": "1"})[
        "ScalableTargetARN"
    ]
    autoscaling.tag_resource(ResourceARN=arn, Tags={"a": "2"})
    autoscaling.untag_resource(ResourceARN=arn, TagKeys=["b"])
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "2"}
    autoscaling.deregister_scalable_target(**target)
    with pytest.raises(ClientError, match="No scalable target found"):
        autoscaling.list_tags_for_resource(ResourceARN=arn)
