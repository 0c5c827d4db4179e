"""An upload sends only the missing files."""

from collections import Counter

import boto3
import pytest
from moto import mock_aws
from rich.progress import Progress

from scones.dataset import Sample, build, upload
from scones.errors import CloudError, DatasetError

BUCKET = "scones-test"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("upload") / "dataset"
    return build(Sample(train=10, test=3), ("bicycle", "motorcycle"), root)


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def calls(s3):
    """Count the calls of each operation from here on."""
    count = Counter()
    s3.meta.events.register("before-call.s3", lambda model, **kwargs: count.update([model.name]))
    return count


def stored(s3):
    return {entry["Key"]: entry for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())}


def files(dataset):
    return {path.relative_to(dataset.root).as_posix(): path for path in dataset.root.rglob("*") if path.is_file()}


def test_puts_every_file_under_the_fingerprint(s3, dataset):
    uri = upload(dataset, s3, BUCKET)
    assert uri == f"s3://{BUCKET}/datasets/{dataset.fingerprint}"
    prefix = f"datasets/{dataset.fingerprint}/"
    assert set(stored(s3)) == {prefix + name for name in files(dataset)}
    for name, path in files(dataset).items():
        found = s3.get_object(Bucket=BUCKET, Key=prefix + name)
        assert found["Body"].read() == path.read_bytes()
    image = dataset.images("train")[0].name
    assert s3.head_object(Bucket=BUCKET, Key=f"{prefix}train/{image}")["ContentType"] == "image/png"


def test_a_second_upload_asks_once_and_sends_nothing(s3, dataset, calls):
    upload(dataset, s3, BUCKET)
    assert calls["PutObject"] == len(files(dataset)) == 30
    calls.clear()
    upload(dataset, s3, BUCKET)
    assert calls == {"ListObjectsV2": 1}


def test_sends_again_what_was_changed_there(s3, dataset, calls):
    upload(dataset, s3, BUCKET)
    key = f"datasets/{dataset.fingerprint}/test/{dataset.images('test')[0].name}"
    content = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=key, Body=content[:-1] + b"x")
    calls.clear()
    upload(dataset, s3, BUCKET)
    assert calls["PutObject"] == 1
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == content


def test_an_interrupted_upload_goes_on_and_its_description_comes_last(s3, dataset, calls):
    def refuse_after_ten(model, **kwargs):
        if calls["PutObject"] > 10 and model.name == "PutObject":
            raise KeyboardInterrupt

    s3.meta.events.register_last("before-call.s3", refuse_after_ten)
    with pytest.raises(KeyboardInterrupt):
        upload(dataset, s3, BUCKET, threads=1)
    assert len(stored(s3)) == 10
    assert f"datasets/{dataset.fingerprint}/dataset.json" not in stored(s3)
    s3.meta.events.unregister("before-call.s3", refuse_after_ten)
    calls.clear()
    upload(dataset, s3, BUCKET)
    assert calls["PutObject"] == 20


def test_knows_its_files_where_encryption_hides_the_md5(s3, dataset, calls):
    """With SSE-KMS an ETag is not an MD5 (S3's documentation of Object). The SHA-256 that was sent is compared."""
    upload(dataset, s3, BUCKET)
    calls.clear()

    def hide(parsed, **kwargs):
        for entry in parsed.get("Contents", ()):
            entry["ETag"] = '"5b0c9f1e-of-another-kind"'

    s3.meta.events.register("after-call.s3.ListObjectsV2", hide)
    upload(dataset, s3, BUCKET)
    assert (calls["PutObject"], calls["HeadObject"]) == (0, 30)


def test_a_bucket_that_is_not_there_is_said_with_the_way_to_make_it(s3, dataset):
    with pytest.raises(CloudError, match=r"s3://no-such-bucket/datasets/.*NoSuchBucket(.|\n)*invoke tf\.apply"):
        upload(dataset, s3, "no-such-bucket")


def test_a_missing_file_is_named(s3, tmp_path):
    broken = build(Sample(train=5, test=2), ("bicycle", "motorcycle"), tmp_path / "dataset")
    victim = broken.images("train")[3].path
    victim.unlink()
    with pytest.raises(DatasetError, match=f"{victim.name} cannot be read"):
        upload(broken, s3, BUCKET)


def test_shows_how_far_it_is(s3, dataset):
    with Progress(disable=True) as progress:
        upload(dataset, s3, BUCKET, progress=progress)
        assert [(task.total, task.completed) for task in progress.tasks] == [(30, 30)]
