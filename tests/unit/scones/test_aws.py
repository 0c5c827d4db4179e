"""Only the environment's endpoint and credentials decide which cloud a client uses."""

import dataclasses
import io
import json
import os
from datetime import timezone

import pytest
from botocore.awsrequest import AWSResponse
from botocore.utils import parse_timestamp
from urllib3 import HTTPResponse

from scones import aws, settings


@pytest.fixture
def local(tmp_path):
    cloud = tmp_path / "cloud.json"
    keys = {"access_key_id": "local", "secret_access_key": "its own"}
    cloud.write_text(json.dumps({"endpoint": "http://127.0.0.1:5999", "pid": os.getpid(), **keys}))
    return dataclasses.replace(settings.load("local", variables={}), cloud_path=cloud)


def test_a_client_of_a_local_cloud_goes_to_its_endpoint_with_its_keys(local):
    s3 = aws.client(local, "s3")
    assert s3.meta.endpoint_url == "http://127.0.0.1:5999"
    assert s3._request_signer._credentials.access_key == "local"


def test_a_clients_times_are_those_of_botocore_without_its_slow_zone(local):
    sfn, at = aws.client(local, "stepfunctions"), 1700000000.123
    answer = json.dumps({"executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e", "startDate": at})

    def answered(request, **given):
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(answer.encode()), preload_content=False))

    sfn.meta.events.register("before-send.stepfunctions", answered)
    found = sfn.start_execution(stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:m")["startDate"]
    assert found == parse_timestamp(at)
    assert found.utcoffset() == parse_timestamp(at).utcoffset()
    assert isinstance(found.tzinfo, timezone), "dateutil's would look its rules up for each time"


def test_child_processes_are_led_to_the_same_cloud(local):
    assert aws.variables(local) == {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5999",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "its own",
    }


def test_an_environment_on_aws_names_no_endpoint_and_no_keys():
    assert aws.variables(settings.load("prod", variables={})) == {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_a_roles_session_is_used_by_clients_and_child_processes(local):
    keys = settings.Credentials("ASIAEXAMPLE", "secret", "token")
    session = dataclasses.replace(local, credentials=keys)
    assert aws.variables(session)["AWS_SESSION_TOKEN"] == "token"
    assert aws.client(session, "s3")._request_signer._credentials.token == "token"
