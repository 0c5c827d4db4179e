"""What the operations of Application Auto Scaling need permission for."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on

# A target's identifier is given when it is registered, so policies name all of them, by namespace and dimension.
TARGET = "arn:aws:application-autoscaling:{region}:{account}:scalable-target/*"
SCALING = {
    "application-autoscaling:scalable-dimension": "{ScalableDimension}",
    "application-autoscaling:service-namespace": "{ServiceNamespace}",
}
ALARM = "arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-{ResourceId}*"


def _scales_an_endpoint(asked: Asked) -> bool:
    return asked.value("ServiceNamespace") == "sagemaker"


def _scaled(asked: Asked) -> Iterable[str]:
    """The endpoint of ``endpoint/NAME/variant/VARIANT``."""
    name = (asked.value("ResourceId") or "endpoint/*").split("/")[1]
    return [f"arn:aws:sagemaker:{asked.region}:{asked.account}:endpoint/{name}"]


def _scaling_role(asked: Asked) -> Iterable[str]:
    service = "sagemaker.application-autoscaling.amazonaws.com"
    name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return [f"arn:aws:iam::{asked.account}:role/aws-service-role/{service}/{name}"]


# Whoever registers a target or a policy must be allowed what Application Auto Scaling then does to the target and its
# alarms, and to make the service-linked role that it does it with. Application Auto Scaling User Guide, "Identity-based
# policy examples": permissions for target services and CloudWatch, permissions to create a service-linked role.
TABLE = {
    "RegisterScalableTarget": (
        Need("application-autoscaling:RegisterScalableTarget", (TARGET,), SCALING),
        Need("application-autoscaling:TagResource", (TARGET,), when="Tags"),
        Need("sagemaker:DescribeEndpoint", (_scaled,), when=_scales_an_endpoint, tagged=False),
        Need("sagemaker:UpdateEndpointWeightsAndCapacities", (_scaled,), when=_scales_an_endpoint, tagged=False),
        Need(
            "iam:CreateServiceLinkedRole",
            (_scaling_role,),
            {"iam:awsservicename": "sagemaker.application-autoscaling.amazonaws.com"},
            when=_scales_an_endpoint,
            tagged=False,
        ),
    ),
    "PutScalingPolicy": (
        Need("application-autoscaling:PutScalingPolicy", (TARGET,), SCALING),
        Need("cloudwatch:PutMetricAlarm", (ALARM,), when="TargetTrackingScalingPolicyConfiguration", tagged=False),
    ),
    "DeleteScalingPolicy": (
        Need("application-autoscaling:DeleteScalingPolicy", (TARGET,), SCALING),
        Need("cloudwatch:DeleteAlarms", (ALARM,), tagged=False),
    ),
    **on(
        TARGET,
        "application-autoscaling",
        "DeleteScheduledAction",
        "DeregisterScalableTarget",
        "PutScheduledAction",
        context=SCALING,
    ),
    **on(
        "arn:aws:application-autoscaling:{region}:{account}:scalable-target/{ResourceARN}",
        "application-autoscaling",
        "ListTagsForResource",
        "TagResource",
        "UntagResource",
    ),
    **on(
        "*",
        "application-autoscaling",
        "DescribeScalableTargets",
        "DescribeScalingActivities",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
    ),
}

TABLES = {"applicationautoscaling": TABLE}
