"""What ``eval "$(invoke env)"`` does to a shell. Another environment's part never stays, and the user's own does."""

import dataclasses
import json
import os
import subprocess
from collections.abc import Mapping

import pytest

from scones import aws, settings
from scones.settings import Environment
from scones.tasks import env
from scones.tasks.cli import users_own

USERS = {
    "PATH": os.environ["PATH"],
    "AWS_PROFILE": "own",
    "AWS_SESSION_TOKEN": "it's\nmine",
    "AWS_ENDPOINT_URL_S3": "https://minio.example.org",
    "AWS_REGION": "eu-west-1",
    "PYTHONPATH": "/mine:/mine/foreign",
    "BOTOCORE_EXPERIMENTAL__PLUGINS": "mine=my_plugin",
}


@pytest.fixture
def local(tmp_path):
    cloud = tmp_path / "cloud.json"
    keys = {"access_key_id": "local", "secret_access_key": "its own"}
    cloud.write_text(json.dumps({"endpoint": "http://127.0.0.1:5999", "pid": os.getpid(), **keys}))
    return dataclasses.replace(settings.load("local", variables={}), cloud_path=cloud)


@pytest.fixture
def dev():
    return settings.load("dev", variables={})


def after(process: Mapping[str, str], *environments: Environment) -> dict[str, str]:
    """The variables of a shell that was set to one environment after another."""
    shell = dict(process)
    for environment in environments:
        found = {
            **aws.sdk_variables(environment, users_own(shell)),
            "SCONES_ENV": environment.name,
            **aws.variables(environment),
        }
        script = "\n".join([*env.lines(found, shell), "env -0"])
        said = subprocess.run(["sh", "-c", script], env=shell, capture_output=True, text=True, check=True).stdout
        shell = dict(one.split("=", 1) for one in said.rstrip("\0").split("\0"))
    return {name: value for name, value in shell.items() if name not in ("PWD", "SHLVL", "_", "OLDPWD")}


@pytest.mark.parametrize("times", [1, 2])
def test_a_local_shell_has_nothing_that_leads_elsewhere(local, times):
    """A profile, a token or an endpoint of the user would send requests to AWS, or show the local cloud another key."""
    shell = after(USERS, *[local] * times)
    assert shell["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5999"
    assert shell["AWS_ACCESS_KEY_ID"] == "local"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} & shell.keys()
    assert shell["PYTHONPATH"] == f"{aws.FOREIGN}:/mine:/mine/foreign"
    assert shell["BOTOCORE_EXPERIMENTAL__PLUGINS"] == "localcloud=localcloud_endpoint,mine=my_plugin"
    assert shell["SAGEMAKER_USER_CONFIG_OVERRIDE"] == str(aws.FOREIGN / "sagemaker.yaml")


@pytest.mark.parametrize("times", [1, 2])
def test_an_environment_of_aws_gives_back_what_the_local_one_took(local, dev, times):
    shell = after(USERS, *[local] * times, dev)
    assert {**shell, "AWS_REGION": "eu-west-1"} == {**after(USERS, dev), "AWS_REGION": "eu-west-1"}
    assert USERS.items() <= {**shell, "AWS_REGION": "eu-west-1"}.items()
    assert not {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "SAGEMAKER_USER_CONFIG_OVERRIDE"} & shell.keys()


def test_an_environment_of_aws_alone_changes_no_list(dev):
    shell = after({"PATH": os.environ["PATH"]}, dev)
    assert not {"PYTHONPATH", "BOTOCORE_EXPERIMENTAL__PLUGINS", "SCONES_BEFORE"} & shell.keys()


def test_ones_own_defaults_of_the_sagemaker_sdk_stay(local):
    own = {"PATH": os.environ["PATH"], "SAGEMAKER_USER_CONFIG_OVERRIDE": "/mine/config.yaml"}
    assert after(own, local, local)["SAGEMAKER_USER_CONFIG_OVERRIDE"] == "/mine/config.yaml"


def test_a_changed_note_of_earlier_values_stops_nothing():
    assert users_own({"SCONES_EXPORTED": "AWS_REGION", "AWS_REGION": "us-east-1", "SCONES_BEFORE": "[1]"}).keys() == {
        "SCONES_EXPORTED",
        "SCONES_BEFORE",
    }
