"""The permissions on a topic's KMS key that publishing needs.

AWS: Amazon SNS Developer Guide, "Key management": publishing needs GenerateDataKey and Decrypt. The encryption context
is ``aws:sns:topicArn``.
"""

from __future__ import annotations

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends

from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked
from localcloud.iam.roles import Roles
from localcloud.kms import messages


def implied(access: Access, asked: Asked | None) -> list[Access]:
    """The accesses to the topic's KMS key that publishing needs."""
    arn = access.resources[0]
    if arn.count(":") != 5:
        return []
    topic = sns_backends[arn.split(":")[4]][arn.split(":")[3]].topics.get(arn)
    return messages.implied(arn, getattr(topic, "kms_master_key_id", None), "sns", sending=True)


def require_topic(roles: Roles, service: str, topic_arn: str, *, source_arn: str) -> None:
    """Check that a service may use a topic's KMS key. A topic without a key needs no check.

    Raises:
        AccessDenied: The key's policy does not allow it.
    """
    region, account = topic_arn.split(":")[3:5]
    topic = sns_backends[account][region].topics.get(topic_arn)
    if topic is None or not topic.kms_master_key_id:
        return
    key = kms_backends[account][region].any_id_to_key_id(topic.kms_master_key_id)
    context = {"kms:ViaService": f"sns.{region}.amazonaws.com", "kms:EncryptionContext:aws:sns:topicArn": topic_arn}
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        arn = f"arn:aws:kms:{region}:{account}:key/{key}"
        roles.require_service(service, action, arn, source_arn=source_arn, context=context)
