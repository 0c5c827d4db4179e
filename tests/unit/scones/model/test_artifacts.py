"""An artifact is downloaded once and uploaded once, whole or not at all."""

import hashlib
import io
from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from moto import mock_aws
from rich.progress import Progress

from imageclassification.errors import ArtifactError
from scones import settings
from scones.errors import CloudError, InputError
from scones.model import artifacts

BUCKET = "models"
URI = f"s3://{BUCKET}/models/job/output/model.tar.gz"


@pytest.fixture
def environment(tmp_path):
    return replace(settings.load("local"), root=tmp_path)


@pytest.fixture
def s3(monkeypatch):
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local")
        client.create_bucket(Bucket=BUCKET)
        yield Counting(client)


class Counting:
    """An S3 client that records its calls."""

    def __init__(self, client):
        self._client, self.calls = client, []

    def __getattr__(self, name):
        self.calls.append(name)
        return getattr(self._client, name)


def put(s3, content):
    s3._client.put_object(Bucket=BUCKET, Key="models/job/output/model.tar.gz", Body=content)


def fetch(environment, s3, place=URI, **options):
    return artifacts.fetch(environment, place, client=lambda *_: s3, **options)


def test_a_path_stays_what_it_is_and_no_cloud_is_asked(environment, tmp_path):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"model")
    assert artifacts.fetch(environment, path, client=None) == path
    assert artifacts.fetch(environment, str(tmp_path), client=None) == tmp_path
    with pytest.raises(ArtifactError, match=r"(?s)no model artifact at .*absent.*s3://BUCKET/KEY"):
        artifacts.fetch(environment, tmp_path / "absent", client=None)


def test_what_is_in_s3_is_downloaded_once_and_again_when_it_was_replaced(environment, s3):
    put(s3, b"first")
    with Progress(disable=True) as progress:
        path = fetch(environment, s3, progress=progress)
        assert [(bar.completed, bar.total) for bar in progress.tasks] == [(5, 5)]
    assert path.read_bytes() == b"first"
    assert path.parent.parent == environment.build / "artifacts"
    assert [one.name for one in path.parent.iterdir()] == ["model.tar.gz"]
    s3.calls.clear()
    assert fetch(environment, s3) == path
    assert s3.calls == ["head_object"]
    put(s3, b"second")
    assert fetch(environment, s3).read_bytes() == b"second"
    assert path.read_bytes() == b"first"


@pytest.mark.parametrize("place", ["s3://", "s3://bucket", "s3://bucket/", "s3://bucket/folder/", "https://a/b"])
def test_refuses_a_place_that_is_none(environment, s3, place):
    with pytest.raises(InputError, match="is not the URI of a model artifact"):
        fetch(environment, s3, place)


@pytest.mark.parametrize("place", [URI, "s3://nowhere/model.tar.gz"])
def test_says_what_is_not_there(environment, s3, place):
    with pytest.raises(ArtifactError, match=f"there is no model artifact at {place}"):
        fetch(environment, s3, place)


def test_a_download_that_is_cut_short_leaves_nothing(environment, s3):
    put(s3, b"whole")
    s3.get_object = lambda **_: {"Body": StreamingBody(io.BytesIO(b"who"), 5)}
    with pytest.raises(CloudError, match="was cut short"):
        fetch(environment, s3)
    assert [path for path in environment.build.rglob("*") if path.is_file()] == []


def test_an_object_that_may_not_be_read_says_so(environment, s3):
    def refuse(**_):
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    s3.head_object = refuse
    with pytest.raises(CloudError, match=r"(?s)may not be read: .*Forbidden.*ListBucket"):
        fetch(environment, s3)


def test_an_artifact_is_sent_once_under_its_sha256(s3, tmp_path):
    path = tmp_path / "mine.tar.gz"
    path.write_bytes(b"model")
    uri = artifacts.upload(s3, BUCKET, path)
    assert uri == f"s3://{BUCKET}/models/imported/{hashlib.sha256(b'model').hexdigest()}/model.tar.gz"
    _, key = artifacts.split(uri)
    assert s3._client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"model"
    s3.calls.clear()
    assert artifacts.upload(s3, BUCKET, path) == uri
    assert s3.calls == ["head_object"]


def test_says_why_an_artifact_cannot_be_sent(s3, tmp_path):
    with pytest.raises(ArtifactError, match="no model artifact at"):
        artifacts.upload(s3, BUCKET, tmp_path / "absent.tar.gz")
    (tmp_path / "a.tar.gz").write_bytes(b"")
    with pytest.raises(CloudError, match=r"cannot be uploaded to s3://nowhere/models/imported/.*NoSuchBucket"):
        artifacts.upload(s3, "nowhere", tmp_path / "a.tar.gz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ArtifactError, match=r"lacks image-classification-symbol\.json"):
        artifacts.upload(s3, BUCKET, tmp_path / "folder")
