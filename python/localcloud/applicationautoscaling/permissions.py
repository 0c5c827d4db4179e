"""The permissions of Application Auto Scaling's operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on

# A target gets its identifier when it is registered. So policies allow all identifiers, and restrict namespace and
# dimension.
TARGET = "arn:aws:application-autoscaling:{region}:{account}:scalable-target/*"
SCALING = {
    "application-autoscaling:scalable-dimension": "{ScalableDimension}",
    "application-autoscaling:service-namespace": "{ServiceNamespace}",
}
ALARM = "arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-{ResourceId}*"


def _scales_an_endpoint(asked: Asked) -> bool:
    return asked.value("ServiceNamespace") == "sagemaker"


def _scaled(asked: Asked) -> Iterable[str]:
    """The endpoint's ARN, from ``endpoint/NAME/variant/VARIANT``."""
    name = (asked.value("ResourceId") or "endpoint/*").split("/")[1]
    return [f"arn:aws:sagemaker:{asked.region}:{asked.account}:endpoint/{name}"]


def _scaling_role(asked: Asked) -> Iterable[str]:
    service = "sagemaker.application-autoscaling.amazonaws.com"
    name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return [f"arn:aws:iam::{asked.account}:role/aws-service-role/{service}/{name}"]


# The caller that registers a target or a policy also needs the permissions that Application Auto Scaling uses on the
# target and its alarms, and the permission to create its service-linked role. Application Auto Scaling User Guide,
# "Identity-based policy examples": permissions for target services and CloudWatch, permissions to create a
# service-linked role.
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
        *(
            Need(f"cloudwatch:{action}", (ALARM,), when="TargetTrackingScalingPolicyConfiguration", tagged=False)
            for action in ("DescribeAlarms", "PutMetricAlarm")
        ),
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
