"""The permissions of SNS's operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on

NEW_TOPIC = "arn:aws:sns:{region}:{account}:{Name}"


def _target(asked: Asked) -> Iterable[str]:
    """The topic of a message; ``*`` for a text message to a phone number."""
    return [asked.value("TopicArn") or asked.value("TargetArn") or "*"]


TABLE = {
    "CreateTopic": (
        Need("sns:CreateTopic", (NEW_TOPIC,)),
        Need("sns:TagResource", (NEW_TOPIC,), when="Tags"),
    ),
    "SetTopicAttributes": (Need("sns:SetTopicAttributes", ("{TopicArn}",)),),
    **on("{TopicArn}", "sns", "AddPermission", "ConfirmSubscription", "DeleteTopic", "GetTopicAttributes"),
    **on("{TopicArn}", "sns", "ListSubscriptionsByTopic", "RemovePermission"),
    "Subscribe": (
        Need("sns:Subscribe", ("{TopicArn}",), {"sns:endpoint": "{Endpoint}", "sns:protocol": "{Protocol}"}),
    ),
    "Publish": (Need("sns:Publish", (_target,)),),
    "PublishBatch": (Need("sns:Publish", ("{TopicArn}",)),),
    **on("{ResourceArn}", "sns", "ListTagsForResource", "TagResource", "UntagResource"),
    **on(
        "*",
        "sns",
        "GetSubscriptionAttributes",
        "ListSubscriptions",
        "ListTopics",
        "SetSubscriptionAttributes",
        "Unsubscribe",
    ),
}

TABLES = {"sns": TABLE}
