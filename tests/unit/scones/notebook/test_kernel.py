"""Which SDK a notebook needs, and what its kernel is told."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from scones import aws, settings
from scones.errors import InputError
from scones.notebook import kernel

KEYS = settings.Credentials("ASIAEXAMPLE", "secret", "token")
PYTHON = Path("/project/build/notebook/sdk3/venv/bin/python")


@pytest.fixture
def local(tmp_path):
    cloud = tmp_path / "cloud.json"
    keys = {"access_key_id": "local", "secret_access_key": "its own"}
    cloud.write_text(json.dumps({"endpoint": "http://127.0.0.1:5999", "pid": os.getpid(), **keys}))
    return dataclasses.replace(settings.load("local", variables={}), cloud_path=cloud)


@pytest.mark.parametrize(
    ("source", "sdk"),
    [
        ("import sagemaker", 2),
        ("from sagemaker import get_execution_role, image_uris", 2),
        ("import boto3\n  import sagemaker as sm", 2),
        ("from sagemaker.estimator import Estimator", 2),
        ("from sagemaker.core.resources import TrainingJob", 3),
        ("import sagemaker\nfrom sagemaker.train import ModelTrainer", 3),
        ("from sagemaker import train", 3),
        ("import boto3", 3),
        ("# sagemaker.amazonaws.com", 3),
    ],
)
def test_the_sdk_is_the_one_that_the_notebook_imports(tmp_path, source, sdk):
    path = tmp_path / "a.ipynb"
    cells = [{"cell_type": "markdown", "source": "import sagemaker"}, {"cell_type": "code", "source": [source]}]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    assert kernel.sdk_of(path) == sdk


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 1}', '{"cells": [1]}', '{"cells": [{}]}', '"cells"'])
def test_what_is_no_notebook_is_said_to_be_none(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(InputError, match="is not a notebook"):
        kernel.sdk_of(path)


def test_a_notebook_of_another_language_is_refused(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {"kernelspec": {"language": "R"}}}))
    with pytest.raises(InputError, match="a notebook in R"):
        kernel.sdk_of(path)


def test_a_kernel_has_the_roles_session_and_nothing_of_the_users_aws_configuration(local):
    process = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "AWS_PROFILE": "own",
        "AWS_ENDPOINT_URL_S3": "https://minio.example.org",
        "TF_VAR_environment": "dev",
        "PYTHONPATH": "/mine",
        "VIRTUAL_ENV": "/project/.venv",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": "/mine/config.yaml",
    }
    found = kernel.variables(local, KEYS, PYTHON, 3, process)
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SESSION_TOKEN"]) == ("ASIAEXAMPLE", "token")
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5999"
    assert found["PYTHONPATH"] == str(aws.FOREIGN)
    assert found[aws.PLUGINS] == aws.PLUGIN
    assert found["PATH"] == "/project/build/notebook/sdk3/venv/bin:/usr/bin"
    assert found["VIRTUAL_ENV"] == "/project/build/notebook/sdk3/venv"
    assert found["HOME"] == "/home/me"
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "TF_VAR_environment"} & found.keys()
    assert (found["AWS_CONFIG_FILE"], found["AWS_SHARED_CREDENTIALS_FILE"]) == (os.devnull, os.devnull)
    assert found["SAGEMAKER_USER_CONFIG_OVERRIDE"] == str(aws.FOREIGN / "sagemaker.yaml")


def test_a_kernel_on_aws_has_no_endpoint_and_no_plugin():
    dev = settings.load("dev", variables={})
    found = kernel.variables(dev, KEYS, PYTHON, 2, {"PATH": "/usr/bin", "AWS_ENDPOINT_URL": "http://127.0.0.1:5999"})
    assert found["AWS_ACCESS_KEY_ID"] == "ASIAEXAMPLE"
    assert not {"AWS_ENDPOINT_URL", "PYTHONPATH", aws.PLUGINS, "SAGEMAKER_USER_CONFIG_OVERRIDE"} & found.keys()


@pytest.mark.parametrize("sdk", kernel.SDKS)
def test_an_environment_has_everything_pinned_exactly(sdk):
    lines = [line for line in kernel.pins(sdk).read_text().splitlines() if line and not line.startswith("#")]
    assert all(line.count("==") == 1 for line in lines)
    names = {line.partition("==")[0].lower() for line in lines}
    assert {"sagemaker", "nbclient", "nbconvert", "ipykernel", "jupyterlab", "awscli", "pip"} <= names
    assert any(line.startswith(f"sagemaker=={sdk}.") for line in lines)
