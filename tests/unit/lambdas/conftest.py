"""Loads a handler as Lambda does: its zip's files first on the path, its variables set, its clients made at import.

botocore's Stubber answers the clients. It checks requests and answers against AWS's service models, and sends nothing.
"""

import importlib.util
import io
import sys
from pathlib import Path

import pytest
from botocore.stub import Stubber
from PIL import Image

from scones.service import packaging

LAMBDAS = Path(__file__).resolve().parents[3] / "lambdas"
PACKAGE_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/3"


@pytest.fixture
def load(monkeypatch, tmp_path):
    """A function that loads the handler module from a folder of lambdas/."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "ENDPOINT_NAME": "scones-dev",
        "CLASS_LABELS": '["bicycle", "motorcycle"]',
        "MODEL_PACKAGE": PACKAGE_ARN,
        "CONFIDENCE_THRESHOLD": "0.8",
        "PINNED_VARIANT": "AllTraffic",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    def load(name):
        folder = tmp_path / "functions" / name
        folder.mkdir(parents=True, exist_ok=True)
        sample = {"event.json": LAMBDAS / name / "event.json"}
        for module, path in (packaging.sources(LAMBDAS / name) | sample).items():
            (folder / module).unlink(missing_ok=True)
            (folder / module).symlink_to(path)
            monkeypatch.delitem(sys.modules, Path(module).stem, raising=False)
        monkeypatch.syspath_prepend(str(folder))
        spec = importlib.util.spec_from_file_location("handler", folder / "handler.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def stub():
    """A function that gives a client its answers. The client must use every answer."""
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
    """A function that draws an image and returns its file's bytes."""

    def encode(kind="PNG", size=(32, 32), mode="RGB", **options):
        image = Image.effect_noise(size, 60).convert(mode)
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture
def refuses():
    """A function that runs a body. The body must raise an exception with this name and a readable message.

    The name counts, not the class, because the name becomes the execution's Error.
    """

    def refuses(name, body, *arguments, match=None):
        with pytest.raises(Exception, match=match) as caught:
            body(*arguments)
        assert type(caught.value).__name__ == name, caught.value
        assert 10 < len(str(caught.value)) < 2_000

    return refuses
