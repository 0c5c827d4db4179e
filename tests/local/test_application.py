"""If the local cloud cannot do a request, it answers at once and names the action."""

from __future__ import annotations

import json
import time
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import SQSBackend

from localcloud import control
from localcloud.application import Dispatcher

from .conftest import eventually

REFUSED = {
    "json": ("sagemaker", "create_hub", {"HubName": "a", "HubDescription": "b"}, "sagemaker:CreateHub"),
    "query": (
        "iam",
        "generate_service_last_accessed_details",
        {"Arn": "arn:aws:iam::123456789012:role/x"},
        "iam:GenerateServiceLastAccessedDetails",
    ),
    "ec2": ("ec2", "create_ipam", {}, "ec2:CreateIpam"),
    "rest-json": (
        "lambda",
        "list_functions_by_code_signing_config",
        {"CodeSigningConfigArn": "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"},
        "lambda:ListFunctionsByCodeSigningConfig",
    ),
    "rest-xml": ("cloudfront", "list_streaming_distributions", {}, "cloudfront:ListStreamingDistributions"),
}


@pytest.mark.parametrize("protocol", REFUSED)
def test_an_action_that_moto_lacks_is_refused_by_name_in_the_services_own_form(cloud, protocol):
    """A client would retry a 500 for minutes, and it cannot show an error in a form that it cannot read."""
    service, method, parameters, action = REFUSED[protocol]
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), method)(**parameters)
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"]["Code"] == "NotImplemented"
    assert answer["Error"]["Message"] == f"the local cloud does not support {action}"
    assert answer["ResponseMetadata"]["RequestId"]


def test_the_refusal_and_the_request_are_logged(cloud):
    with pytest.raises(ClientError):
        cloud.client("sagemaker").create_hub(HubName="a", HubDescription="b")
    log = cloud.state / control.LOG
    eventually(
        lambda: "refused (NotImplemented): the local cloud does not support sagemaker:CreateHub" in log.read_text()
    )
    eventually(lambda: " 400 sagemaker CreateHub " in log.read_text())


def test_what_moto_refuses_itself_comes_through_unchanged(cloud):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        cloud.client("s3").get_object(Bucket="tests-no-such-bucket", Key="a")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        cloud.client("iam").get_role(RoleName="tests-no-such-role")


def test_a_failure_of_moto_names_the_action_and_is_logged(monkeypatch, capsys):
    def broken(self: SQSBackend, prefix: str) -> None:
        raise KeyError(prefix)

    monkeypatch.setattr(SQSBackend, "list_queues", broken)
    asked = {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}
    answer = Dispatcher({}, {}, {}).create_app("sqs").test_client().post("/", data="{}", headers=asked)
    assert answer.status_code == 500
    assert answer.json["message"].startswith("the local cloud failed at sqs:ListQueues: KeyError")
    assert "Traceback" in "".join(capsys.readouterr())


def test_a_body_that_is_no_xml_is_refused_in_the_words_of_s3(cloud):
    cloud.client("s3").create_bucket(Bucket="tests-broken")
    cloud.client("s3").put_object(Bucket="tests-broken", Key="a")
    with pytest.raises(ClientError, match=r"MalformedXML.*The XML you provided was not well-formed"):
        cloud.client("s3").restore_object(Bucket="tests-broken", Key="a")


def test_aws_managed_policies_are_there(cloud):
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert cloud.client("iam").get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "AWSLambdaBasicExecutionRole"


def test_the_cloud_says_which_process_it_is(cloud):
    with urlopen(cloud.endpoint + control.IDENTITY_PATH, timeout=5) as answer:
        assert json.load(answer) == {"pid": cloud.running.pid}


def test_a_call_takes_milliseconds(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tests-quick")
    began = time.monotonic()
    for n in range(50):
        s3.put_object(Bucket="tests-quick", Key=str(n), Body=b"x" * 5000)
    assert (time.monotonic() - began) / 50 < 0.1
