"""If an answer is lost and an SDK sends the request again, the request is not carried out twice."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def sagemaker(cloud: Any) -> Any:
    """A client that sends the invocation id and the attempt of ``client.sent``."""
    client = boto3.client(
        "sagemaker",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=cloud.running.access_key_id,
        aws_secret_access_key=cloud.running.secret_access_key,
    )

    def name_attempt(request: Any, **_: Any) -> None:
        invocation, attempt = client.sent
        request.headers["amz-sdk-invocation-id"] = invocation
        request.headers["amz-sdk-request"] = f"attempt={attempt}; max=5"

    client.meta.events.register("before-send.sagemaker", name_attempt)
    return client


def test_a_second_attempt_gets_the_first_ones_answer(sagemaker: Any) -> None:
    sagemaker.sent = ("one-invocation", 1)
    first = sagemaker.create_model_package_group(ModelPackageGroupName="answered-once")
    sagemaker.sent = ("one-invocation", 2)
    again = sagemaker.create_model_package_group(ModelPackageGroupName="answered-once")
    assert again["ModelPackageGroupArn"] == first["ModelPackageGroupArn"]


def test_a_new_request_for_the_same_is_refused_as_ever(sagemaker: Any) -> None:
    sagemaker.sent = ("first-invocation", 1)
    sagemaker.create_model_package_group(ModelPackageGroupName="refused-twice")
    sagemaker.sent = ("second-invocation", 1)
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName="refused-twice")


def test_a_refusal_is_not_kept(sagemaker: Any) -> None:
    """A refused request, such as a throttled call, may pass at the next attempt."""
    sagemaker.sent = ("refused-invocation", 1)
    with pytest.raises(ClientError):
        sagemaker.delete_model_package_group(ModelPackageGroupName="comes-later")
    sagemaker.sent = ("creating", 1)
    sagemaker.create_model_package_group(ModelPackageGroupName="comes-later")
    sagemaker.sent = ("refused-invocation", 2)
    sagemaker.delete_model_package_group(ModelPackageGroupName="comes-later")
    assert "comes-later" not in str(sagemaker.list_model_package_groups())
