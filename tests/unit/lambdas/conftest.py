"""Loads a handler as Lambda does: its folder first on the path, its variables set, its clients made at import.

Clients are answered by botocore's Stubber, which holds requests and answers against AWS's own service models; nothing
is sent anywhere.
"""

import importlib.util
import io
import sys
from pathlib import Path

import pytest
from botocore.stub import Stubber
from PIL import Image

LAMBDAS = Path(__file__).resolve().parents[3] / "lambdas"
PACKAGE_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/3"


@pytest.fixture
def load(monkeypatch):
    """A function that loads the handler module of a folder of lambdas/."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "ENDPOINT_NAME": "scones-dev",
        "CLASS_LABELS": '["bicycle", "motorcycle"]',
        "MODEL_PACKAGE": PACKAGE_ARN,
        "CONFIDENCE_THRESHOLD": "0.8",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    def load(name):
        folder = LAMBDAS / name
        monkeypatch.syspath_prepend(str(folder))
        for module in folder.glob("*.py"):
            monkeypatch.delitem(sys.modules, module.stem, raising=False)
        spec = importlib.util.spec_from_file_location("handler", folder / "handler.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def stub():
    """A function that makes a client answer what it is told to; every answer must have been asked for."""
    stubbers = []

    def stub(client):
        stubber = Stubber(client)
        stubber.activate()
        stubbers.append(stubber)
        return stubber

    yield stub
    for stubber in stubbers:
        stubber.assert_no_pending_responses()
        stubber.deactivate()


@pytest.fixture
def encode():
    """A function that draws an image and gives its file's bytes."""

    def encode(kind="PNG", size=(32, 32), mode="RGB", **options):
        image = Image.effect_noise(size, 60).convert(mode)
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture
def refuses():
    """A function that runs a body and asks that it raise an exception of a name, with a message for a person.

    The name, not the class: it is the name that becomes the execution's Error.
    """

    def refuses(name, body, *arguments, match=None):
        with pytest.raises(Exception, match=match) as caught:
            body(*arguments)
        assert type(caught.value).__name__ == name, caught.value
        assert 10 < len(str(caught.value)) < 2_000

    return refuses
