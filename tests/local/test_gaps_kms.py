"""KMS takes a key's ARN in every operation, and only that of a key of here."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def kms(cloud: Any) -> Any:
    return cloud.client("kms")


@pytest.fixture(scope="module")
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def test_a_key_is_disabled_enabled_and_deleted_by_its_arn(kms: Any, key: str) -> None:
    def state() -> str:
        return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])

    kms.disable_key(KeyId=key)
    assert state() == "Disabled"
    kms.enable_key(KeyId=key)
    assert state() == "Enabled"
    for called in (key, key.rpartition("/")[2]):
        planned = kms.schedule_key_deletion(KeyId=called, PendingWindowInDays=7)
        assert (planned["KeyId"], planned["KeyState"], planned["PendingWindowInDays"]) == (key, "PendingDeletion", 7)
        assert state() == "PendingDeletion"
        assert kms.cancel_key_deletion(KeyId=called)["KeyId"] == key
        assert state() == "Disabled"
    kms.enable_key(KeyId=key)


def test_a_keys_policy_has_a_default_name(kms: Any, key: str) -> None:
    found = kms.get_key_policy(KeyId=key)
    assert found["PolicyName"] == "default"
    kms.put_key_policy(KeyId=key, Policy=found["Policy"])
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == found["Policy"]
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.get_key_policy(KeyId=key, PolicyName="another")


def test_an_arn_of_elsewhere_is_not_the_key_of_that_identifier_here(kms: Any, key: str) -> None:
    kms.create_alias(AliasName="alias/tests-places", TargetKeyId=key)
    alias = f"{key.rpartition(':')[0]}:alias/tests-places"
    for arn in (key, alias):
        kms.describe_key(KeyId=arn)
        others = {
            arn.replace("us-east-1", "eu-west-1"): ("NotFoundException", "NotFoundException"),
            arn.replace(ACCOUNT, "999999999999"): ("NotFoundException", "NotFoundException"),
            arn.replace(":kms:", ":sqs:"): ("InvalidArnException", "NotFoundException"),
            arn.replace("arn:aws:", "arn:aws-cn:"): ("InvalidArnException", "NotFoundException"),
        }
        for other, (described, encrypted) in others.items():
            with pytest.raises(ClientError) as refused:
                kms.describe_key(KeyId=other)
            assert refused.value.response["Error"]["Code"] == described
            with pytest.raises(ClientError) as refused:
                kms.encrypt(KeyId=other, Plaintext=b"a")
            assert refused.value.response["Error"]["Code"] == encrypted
    with pytest.raises(ClientError):
        kms.disable_key(KeyId=key.replace("us-east-1", "eu-west-1"))
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
