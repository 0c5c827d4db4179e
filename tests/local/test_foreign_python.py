"""After ``eval "$(invoke env)"``, any Python's boto3 reaches the local cloud, and only with the local cloud's keys.

The Python is that of an environment of its own. Of this project it has nothing, and boto3 is all that it has.
"""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from localcloud.foreign import localcloud_endpoint
from localcloud.iam.principals import ROOT_KEY
from scones import aws

STS = "https://sts.us-east-1.amazonaws.com"
#: Says which endpoint a client's next request would go to. Nothing is sent.
PROBE = """
import boto3, json, sys
from botocore import UNSIGNED
from botocore.config import Config

def went(client, call, **given):
    heard = []
    def hear(request, **_):
        heard.append(request.url)
        raise KeyboardInterrupt
    client.meta.events.register_first("before-send", hear)
    try:
        getattr(client, call)(**given)
    except KeyboardInterrupt:
        return heard[0]
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with boto3 and nothing else."""
    folder = tmp_path_factory.mktemp("foreign")
    venv.create(folder / "venv", with_pip=False)
    site = next((folder / "venv" / "lib").glob("python3*")) / "site-packages"
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        place = origin.parent if origin.name == "__init__.py" else origin
        (site / place.name).symlink_to(place)
    return folder / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def shell(cloud: Any) -> dict[str, str]:
    """The variables of ``invoke env`` for the local cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": cloud.running.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.running.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": str(aws.FOREIGN),
        aws.PLUGINS: aws.PLUGIN,
    }


@pytest.fixture(scope="module")
def says(foreign: Path) -> Callable[..., Any]:
    """Runs lines in the other Python. They print JSON."""

    def run(lines: str, variables: Mapping[str, str]) -> Any:
        kept = {"PATH": os.environ["PATH"], "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        given = {**kept, "AWS_EC2_METADATA_DISABLED": "true", **variables}
        done = subprocess.run([foreign, "-c", PROBE + lines], env=given, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_the_python_has_nothing_of_this_project(foreign: Path) -> None:
    done = subprocess.run([foreign, "-c", "import localcloud"], capture_output=True, env={"PATH": os.environ["PATH"]})
    assert done.returncode != 0


def test_an_explicit_endpoint_of_aws_is_answered_by_the_local_cloud(
    says: Callable[..., Any], shell: dict[str, str], cloud: Any
) -> None:
    """As SageMaker's SDK does it. The signature is verified, and buckets in host names and presigned URLs are right."""
    cloud.client("s3").create_bucket(Bucket="tests-foreign")
    cloud.client("s3").put_object(Bucket="tests-foreign", Key="a key/b", Body=b"here")
    found = says(
        f"""
sts = boto3.client("sts", endpoint_url="{STS}")
s3 = boto3.client("s3", endpoint_url="https://s3.us-east-1.amazonaws.com")
url = s3.generate_presigned_url("get_object", {{"Bucket": "tests-foreign", "Key": "a key/b"}})
from urllib.request import urlopen
print(json.dumps({{
    "account": sts.get_caller_identity()["Account"],
    "object": s3.get_object(Bucket="tests-foreign", Key="a key/b")["Body"].read().decode(),
    "presigned": urlopen(url).read().decode(),
    "plain": boto3.client("sts").get_caller_identity()["Account"],
}}))""",
        shell,
    )
    assert found == {"account": "123456789012", "object": "here", "presigned": "here", "plain": "123456789012"}


@pytest.fixture(scope="module")
def users_role(cloud: Any) -> str:
    """A role that the account's users may take."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = cloud.client("iam").create_role(RoleName="tests-foreign", AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def test_a_role_of_the_local_cloud_is_led_there_too(
    says: Callable[..., Any], shell: dict[str, str], users_role: str
) -> None:
    found = says(
        f"""
keys = boto3.client("sts").assume_role(RoleArn={users_role!r}, RoleSessionName="me")["Credentials"]
session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
print(json.dumps(session.client("sts", endpoint_url="{STS}").get_caller_identity()["Arn"]))""",
        shell,
    )
    assert found == "arn:aws:sts::123456789012:assumed-role/tests-foreign/me"


def test_other_keys_and_other_endpoints_go_where_they_were_meant_to_go(
    says: Callable[..., Any], shell: dict[str, str], tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[mine]\naws_access_key_id = AKIAY34FZKBOKMUTVV7A\naws_secret_access_key = x\n")
    found = says(
        f"""
aws = dict(endpoint_url="{STS}")
real = dict(aws_access_key_id="AKIAY34FZKBOKMUTVV7A", aws_secret_access_key="x")
s3 = boto3.client("s3", endpoint_url="https://s3.us-east-1.amazonaws.com", config=Config(signature_version=UNSIGNED))
print(json.dumps([
    went(boto3.client("sts", **aws, **real), "get_caller_identity"),
    went(boto3.Session(profile_name="mine").client("sts", **aws), "get_caller_identity"),
    went(boto3.client("sts", endpoint_url="https://sts.example.org"), "get_caller_identity"),
    went(boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com.example.org"), "get_caller_identity"),
    went(s3, "get_object", Bucket="public", Key="a"),
]))""",
        {**shell, "AWS_SHARED_CREDENTIALS_FILE": str(credentials)},
    )
    assert found == [
        f"{STS}/",
        f"{STS}/",
        "https://sts.example.org/",
        "https://sts.us-east-1.amazonaws.com.example.org/",
        "https://s3.us-east-1.amazonaws.com/public/a",
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"AWS_ENDPOINT_URL": ""},  # a shell that goes to AWS, and has the plugin left
        {"AWS_ENDPOINT_URL": "https://vpce-1.sts.us-east-1.vpce.amazonaws.com"},
        {"AWS_ENDPOINT_URL_STS": "https://sts.eu-west-1.amazonaws.com"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"PYTHONPATH": ""},  # the plugin cannot be found: botocore says nothing, and goes on
    ],
)
def test_variables_that_do_not_name_the_local_cloud_change_nothing(
    says: Callable[..., Any], shell: dict[str, str], changed: dict[str, str]
) -> None:
    lines = f'print(json.dumps(went(boto3.client("sts", endpoint_url="{STS}"), "get_caller_identity")))'
    assert says(lines, {**shell, **changed}) == f"{STS}/"


def test_the_plugin_knows_the_local_clouds_keys(cloud: Any, users_role: str) -> None:
    """It cannot import what makes them: it is alone in its folder."""
    iam, sts = cloud.client("iam"), cloud.client("sts")
    iam.create_user(UserName="tests-foreign")
    key = iam.create_access_key(UserName="tests-foreign")["AccessKey"]["AccessKeyId"]
    session = sts.assume_role(RoleArn=users_role, RoleSessionName="me")["Credentials"]["AccessKeyId"]
    iam.delete_access_key(UserName="tests-foreign", AccessKeyId=key)
    iam.delete_user(UserName="tests-foreign")
    assert localcloud_endpoint.ROOT_KEY == ROOT_KEY
    assert sts.get_caller_identity()["Account"] == localcloud_endpoint.ACCOUNT
    assert [localcloud_endpoint.is_local_key(one) for one in (key, session)] == [True, True]
