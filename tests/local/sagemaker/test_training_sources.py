"""A channel's parts, without a job: the objects of a data source, the bytes in its pipes, the place of checkpoints."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from imageclassification.recordio import read
from localcloud.iam.record import Record
from localcloud.iam.roles import Roles
from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training import checkpoints as checkpoints_module
from localcloud.sagemaker.training import pipes, sources
from localcloud.sagemaker.training.checkpoints import Checkpoints
from localcloud.sagemaker.training.sources import StagingError
from localcloud.services import registered

ACCOUNT = "123456789012"
ROLE = ExecutionRole(
    Roles(Record(Path("nowhere")), registered()), f"arn:aws:iam::{ACCOUNT}:role/a", account=ACCOUNT, region="us-east-1"
)
JOB = SimpleNamespace(account=ACCOUNT, region="us-east-1", request={"RoleArn": ROLE.role_arn}, role=ROLE)
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client, made once: to make it takes as long as a whole test."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        yield boto3.client("s3", region_name="us-east-1")


@pytest.fixture
def s3(client: Any) -> Any:
    s3_backends.reset()  # this also deletes everything else in moto
    iam = iam_backends[ACCOUNT]["aws"]
    iam.create_role("a", "{}", "/", None, "", [], "3600")
    iam.put_role_policy("a", "all", json.dumps(EVERYTHING))
    client.create_bucket(Bucket="data")
    return client


def channel(kind: str = "S3Prefix", uri: str = "s3://data/list", **settings: Any) -> dict[str, Any]:
    names = settings.pop("names", ["source-ref", "class"])
    return {"DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri, "AttributeNames": names}}, **settings}


def put(s3: Any, **objects: str | bytes) -> None:
    for key, content in objects.items():
        s3.put_object(Bucket="data", Key=key.replace("__", "/"), Body=content)


def test_a_manifest_names_objects_below_a_prefix_in_its_order(s3: Any) -> None:
    put(s3, images__b=b"B", images__deep__a=b"A", images__c=b"C")
    put(s3, list=json.dumps([{"prefix": "s3://data/images/"}, "deep/a", "b"]))
    found = sources.find(JOB, channel("ManifestFile"))
    assert [(str(one.path), one.content()) for one in found] == [("deep/a", b"A"), ("b", b"B")]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (None, "The specified key does not exist: s3://data/list"),
        (b"\xff\xff", "s3://data/list is not UTF-8 text"),
        ("{}", "must be a JSON list"),
        ("[]", "must be a JSON list"),
        ('["a"]', "must be a JSON list"),
        ('[{"prefix": "s3://data/"}]', "must be a JSON list"),
        ('[{"prefix": "data/"}, "a"]', "must be a JSON list"),
        ('[{"prefix": 5}, "a"]', "must be a JSON list"),
        ('[{"prefix": "s3://data/"}, 5]', "must be a JSON list"),
        ('[{"prefix": "s3://data/"}, "gone"]', "s3://data/list names s3://data/gone, an object that does not exist"),
        ('[{"prefix": "s3://data/"}, "../etc"]', "cannot be a file's path"),
    ],
)
def test_says_what_is_wrong_with_a_manifest(s3: Any, manifest: Any, reason: str) -> None:
    if manifest is not None:
        put(s3, list=manifest)
    with pytest.raises(StagingError, match=reason):
        sources.find(JOB, channel("ManifestFile"))


def test_an_augmented_manifest_gives_the_attributes_asked_for_in_their_order(s3: Any) -> None:
    put(s3, a=b"A", b=b"B")
    put(
        s3,
        list='{"class": "0", "source-ref": "s3://data/a", "more": 1}\n\n'
        '{"source-ref": "s3://data/b", "class": [0, 2]}\n',
    )
    found = sources.lines(JOB, channel("AugmentedManifestFile"))
    assert [[one.content() for one in line] for line in found] == [[b"A", b"0"], [b"B", b"[0, 2]"]]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("", "the augmented manifest s3://data/list has no line"),
        ("{", "line 1 of the augmented manifest s3://data/list is not JSON"),
        ("[" * 100_000, "line 1 of the augmented manifest s3://data/list is not JSON"),
        ("5", "line 1 .* is not a JSON object"),
        ('{"source-ref": "s3://data/a"}', "line 1 .* has no attribute 'class'; it has: source-ref"),
        ('{"source-ref": "a", "class": 1}', "line 1 .* names 'a', which is not an S3 address"),
        ('{"source-ref": 5, "class": 1}', "line 1 .* names '5', which is not an S3 address"),
        ('{"source-ref": "s3://data/gone", "class": 1}', "line 1 .* names s3://data/gone, an object that does not"),
    ],
)
def test_says_what_is_wrong_with_an_augmented_manifest(s3: Any, manifest: str, reason: str) -> None:
    put(s3, a=b"A", list=manifest)
    with pytest.raises(StagingError, match=reason):
        sources.lines(JOB, channel("AugmentedManifestFile"))


def test_a_pipe_gives_an_augmented_manifests_attributes_as_records(s3: Any) -> None:
    put(s3, a=gzip.compress(b"A"), list='{"source-ref": "s3://data/a", "class": 1}')
    give = pipes.content(JOB, channel("AugmentedManifestFile", RecordWrapperType="RecordIO", CompressionType="Gzip"))
    assert list(read(io.BytesIO(b"".join(give(0))))) == [b"A", b"1"]


def test_a_prefixs_objects_follow_one_another_as_they_are(s3: Any) -> None:
    put(s3, **{f"list__{number}": bytes([number]) for number in range(5)})
    give = pipes.content(JOB, channel(uri="s3://data/list/"))
    assert b"".join(give(0)) == b"".join(give(1)) == bytes(range(5))


def test_an_object_too_large_for_a_record_is_named(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(s3, list__a=bytes(100))
    monkeypatch.setattr("imageclassification.recordio.LARGEST", 99)
    give = pipes.content(JOB, channel(uri="s3://data/list/", RecordWrapperType="RecordIO"))
    with pytest.raises(StagingError, match="ClientError: s3://data/list/a: a record of 100 bytes is too large"):
        list(give(0))


def test_a_shuffled_channel_has_another_order_each_epoch_and_the_same_from_the_same_seed(s3: Any) -> None:
    put(s3, **{f"list__{number:02}": bytes([number]) for number in range(20)})
    shuffled = channel(uri="s3://data/list/", ShuffleConfig={"Seed": 7})
    first, second = ([b"".join(pipes.content(JOB, shuffled)(epoch)) for epoch in range(2)] for _ in range(2))
    assert first == second
    assert sorted(first[0]) == sorted(first[1]) == list(range(20))
    assert len({*first, bytes(range(20))}) == 3


def ends(call: Callable[[], Any]) -> None:
    """Run a function in its own thread, so that the test cannot wait forever."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


LARGE = bytes(300_000)  # more than a pipe's buffer holds


def test_each_epoch_has_a_pipe_of_its_own(tmp_path: Path) -> None:
    feeder = pipes.Feeder(tmp_path, "train", lambda epoch: iter([b"epoch ", str(epoch).encode(), LARGE]))
    found = []
    ends(lambda: found.extend((tmp_path / f"train_{epoch}").read_bytes() for epoch in range(3)))
    assert found == [b"epoch " + str(epoch).encode() + LARGE for epoch in range(3)]
    ends(feeder.stop)


def test_a_reader_may_close_a_pipe_early(tmp_path: Path) -> None:
    feeder = pipes.Feeder(tmp_path, "train", lambda epoch: iter([str(epoch).encode(), LARGE]))
    with (tmp_path / "train_0").open("rb") as pipe:
        assert pipe.read(1) == b"0"
    ends(lambda: wait_until((tmp_path / "train_1").exists))  # as the documentation requires
    assert (tmp_path / "train_1").read_bytes() == b"1" + LARGE
    ends(feeder.stop)


def test_feeding_ends_where_nobody_reads(tmp_path: Path) -> None:
    feeder = pipes.Feeder(tmp_path, "train", lambda epoch: iter([LARGE]))
    ends(feeder.stop)


def test_feeding_ends_when_a_reader_is_killed(tmp_path: Path) -> None:
    feeder = pipes.Feeder(tmp_path, "train", lambda epoch: iter([LARGE]))
    code = "import sys; pipe = open(sys.argv[1], 'rb'); pipe.read(1); print('read', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "train_0")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout.readline() == b"read\n"
        reader.kill()
    ends(feeder.stop)


@pytest.mark.parametrize("error", [StagingError, RuntimeError])
def test_bytes_that_cannot_be_had_are_the_feeders_failure(tmp_path: Path, error: type[Exception]) -> None:
    """The failure is reported before the pipe closes. Otherwise the reader takes half the data for all of it."""

    def give(epoch: int) -> Iterator[bytes]:
        yield b"some"
        raise error("no more")

    failed = threading.Event()
    feeder = pipes.Feeder(tmp_path, "train", give, failed.set)
    assert (tmp_path / "train_0").read_bytes() == b"some"
    assert failed.is_set()
    assert str(feeder.failure) == "no more"
    ends(feeder.stop)


def held(s3: Any) -> dict[str, bytes]:
    entries = s3.list_objects_v2(Bucket="data").get("Contents", ())
    return {entry["Key"]: s3.get_object(Bucket="data", Key=entry["Key"])["Body"].read() for entry in entries}


def test_checkpoints_are_filled_from_s3_and_only_what_changed_goes_back(s3: Any, tmp_path: Path) -> None:
    put(s3, kept__one=b"1", kept__deep__two=b"2", keptother=b"3")
    before = s3.head_object(Bucket="data", Key="kept/one")["LastModified"]
    folder = tmp_path / "checkpoints"
    checkpoints = Checkpoints(ROLE, "s3://data/kept", folder)
    assert checkpoints.fill() == 2
    assert (folder / "deep/two").read_bytes() == b"2"
    with checkpoints.copied():
        (folder / "deep/two").write_bytes(b"22")
        (folder / ".three.part").write_bytes(b"unfinished")
    assert held(s3) == {"kept/one": b"1", "kept/deep/two": b"22", "keptother": b"3"}
    assert s3.head_object(Bucket="data", Key="kept/one")["LastModified"] == before


def test_a_checkpoint_that_is_deleted_in_the_container_is_deleted_in_s3(s3: Any, tmp_path: Path) -> None:
    put(s3, kept__one=b"1", kept__two=b"2")
    folder = tmp_path / "checkpoints"
    checkpoints = Checkpoints(ROLE, "s3://data/kept", folder)
    checkpoints.fill()
    with checkpoints.copied():
        (folder / "one").unlink()
        (folder / "three").write_bytes(b"3")
        checkpoints.copy()
        assert held(s3) == {"kept/two": b"2", "kept/three": b"3"}
        put(s3, kept__later=b"4")  # what others add in the meantime stays
        (folder / "three").unlink()
    assert held(s3) == {"kept/two": b"2", "kept/later": b"4"}


def test_a_folder_that_is_gone_as_a_whole_takes_nothing_along(s3: Any, tmp_path: Path) -> None:
    put(s3, kept__one=b"1")
    checkpoints = Checkpoints(ROLE, "s3://data/kept", tmp_path / "checkpoints")
    checkpoints.fill()
    shutil.rmtree(tmp_path / "checkpoints")
    checkpoints.copy()
    assert held(s3) == {"kept/one": b"1"}


def test_a_versioned_bucket_keeps_what_was_there_and_a_jobs_last_copy(s3: Any, tmp_path: Path) -> None:
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    put(s3, kept__state=b"before")
    checkpoints = Checkpoints(ROLE, "s3://data/kept", tmp_path / "checkpoints")
    checkpoints.fill()
    for epoch in (b"first", b"second", b"third"):
        (tmp_path / "checkpoints/state").write_bytes(epoch)
        checkpoints.copy()
    versions = s3.list_object_versions(Bucket="data")["Versions"]
    found = {
        s3.get_object(Bucket="data", Key=one["Key"], VersionId=one["VersionId"])["Body"].read() for one in versions
    }
    assert (len(versions), found) == (2, {b"before", b"third"})
    assert held(s3) == {"kept/state": b"third"}


def test_checkpoints_are_copied_while_the_job_runs(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "INTERVAL", 0.01)
    checkpoints = Checkpoints(ROLE, "s3://data", tmp_path / "checkpoints")
    checkpoints.fill()
    with checkpoints.copied():
        (tmp_path / "checkpoints/state").write_bytes(b"1")
        ends(lambda: wait_until(lambda: held(s3) == {"state": b"1"}))
        assert held(s3) == {"state": b"1"}


def wait_until(condition: Callable[[], bool]) -> None:
    poll = threading.Event()
    while not condition():
        poll.wait(0.01)


def test_checkpoints_are_in_s3_however_the_job_ends(s3: Any, tmp_path: Path) -> None:
    checkpoints = Checkpoints(ROLE, "s3://data/kept/", tmp_path / "checkpoints")
    assert checkpoints.fill() == 0

    def killed() -> None:
        (tmp_path / "checkpoints/state").write_bytes(b"1")
        raise ProcessLookupError

    with pytest.raises(ProcessLookupError), checkpoints.copied():
        killed()
    assert held(s3) == {"kept/state": b"1"}


def test_checkpoints_need_a_bucket(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(StagingError, match="NoSuchBucket: The specified bucket does not exist: gone"):
        Checkpoints(ROLE, "s3://gone/kept", tmp_path / "checkpoints").fill()


def test_a_refused_last_copy_fails_the_job(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(ROLE, "s3://data/kept", tmp_path / "checkpoints")
    checkpoints.fill()

    def refuse(*_: Any, **__: Any) -> None:
        raise ServiceException("AccessDenied", "no")

    monkeypatch.setattr("localcloud.s3.objects.write", refuse)
    with pytest.raises(StagingError, match="ClientError: Data upload failed"), checkpoints.copied():
        (tmp_path / "checkpoints/state").write_bytes(b"1")
