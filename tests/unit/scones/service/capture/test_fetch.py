"""Downloads from moto's S3, in this process."""

from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scones.errors import CloudError
from scones.service import capture
from scones.service.capture.models import CapturePlace
from scones.service.capture.period import Period

URI = "s3://captured/captures"
HOURS = ["2026/10/31/23", "2026/11/01/00", "2026/11/21/11", "2026/11/21/12", "2026/11/21/13", "2026/11/22/09"]


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="captured")
        for hour in HOURS:
            put(client, hour)
        yield client


def put(s3, hour: str, *, body: str = "{}\n", name: str = "00-00-000-a", variant: str = "AllTraffic") -> None:
    s3.put_object(Bucket="captured", Key=f"captures/scones/{variant}/{hour}/{name}.jsonl", Body=body.encode())


def hours(found: capture.Downloaded) -> list[str]:
    return ["/".join(path.parts[-5:-1]) for path in found.paths]


def test_brings_everything_when_no_period_is_given(s3, tmp_path):
    found = capture.download(s3, URI, "scones", tmp_path)
    assert hours(found) == HOURS
    assert found.paths[0] == tmp_path / "scones/AllTraffic/2026/10/31/23/00-00-000-a.jsonl"
    assert (found.new, found.unchanged, found.size) == (6, 0, 18)


def test_brings_the_hours_of_the_period_and_the_one_after_since_files_come_late(s3, tmp_path):
    """Real files of hour 12 hold events of 11:58, because the name has the hour of the upload."""
    period = Period(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert hours(capture.download(s3, URI, "scones", tmp_path, period=period)) == HOURS[1:5]


def test_lists_only_the_period_and_not_the_months_before_and_after(s3, tmp_path):
    for day in range(1, 29):
        put(s3, f"2025/01/{day:02}/00")
    listed = []
    s3.meta.events.register(
        "after-call.s3.ListObjectsV2", lambda parsed, **_: listed.extend(parsed.get("Contents", []))
    )
    period = Period(datetime(2026, 11, 21, 12, tzinfo=UTC))
    capture.download(s3, URI, "scones", tmp_path, period=period)
    assert len(listed) == 3


def test_reads_every_variant_of_this_endpoint_and_no_other_endpoint(s3, tmp_path):
    put(s3, "2026/11/22/10", variant="Canary")
    s3.put_object(Bucket="captured", Key="captures/scones-old/AllTraffic/2026/11/22/10/a.jsonl", Body=b"{}")
    found = capture.download(s3, URI, "scones", tmp_path, period=Period(datetime(2026, 11, 22, tzinfo=UTC)))
    assert {path.relative_to(tmp_path).parts[:2] for path in found.paths} == {
        ("scones", "AllTraffic"),
        ("scones", "Canary"),
    }


def test_reads_every_configurations_folder_beside_the_variants_without_one(s3, tmp_path):
    """A file keeps its place, because the place names the models that were served."""
    for folder in ("AllTraffic.scones.1", "AllTraffic.scones.1.Candidate.scones.2"):
        put(s3, "2026/11/22/10", variant=f"{folder}/scones/AllTraffic")
    put(s3, "2026/11/22/10", variant="AllTraffic.scones.1.Candidate.scones.2/scones/Candidate")
    put(s3, "2026/11/22/10", variant="AllTraffic.scones.1/other/AllTraffic")
    found = capture.download(s3, URI, "scones", tmp_path, period=Period(datetime(2026, 11, 22, 10, tzinfo=UTC)))
    assert [CapturePlace.of(path).package for path in found.paths] == ["scones/1", "scones/1", "scones/2"]


def test_a_second_download_brings_only_what_is_new_or_changed(s3, tmp_path):
    capture.download(s3, URI, "scones", tmp_path)
    put(s3, "2026/11/22/10")
    put(s3, HOURS[0], body="[]\n")
    found = capture.download(s3, URI, "scones", tmp_path)
    assert (found.new, found.unchanged) == (2, 5)
    assert found.paths[0].read_text() == "[]\n"


def test_a_file_that_was_cut_or_lost_here_is_brought_again(s3, tmp_path):
    first, second = capture.download(s3, URI, "scones", tmp_path).paths[:2]
    first.write_text("{")
    second.unlink()
    assert capture.download(s3, URI, "scones", tmp_path).new == 2
    assert first.read_text() == second.read_text() == "{}\n"


def test_a_damaged_index_costs_a_new_download_and_nothing_else(s3, tmp_path):
    capture.download(s3, URI, "scones", tmp_path)
    (tmp_path / "index.json").write_text("{")
    assert capture.download(s3, URI, "scones", tmp_path).new == 6


def test_what_was_brought_before_a_failure_is_not_brought_again(s3, tmp_path):
    """The download of the last file fails. The other files stay and are not downloaded again."""

    def refuse(params, **_):
        if HOURS[-1] in params["Key"]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")

    s3.meta.events.register("provide-client-params.s3.GetObject", refuse, unique_id="refuse")
    with pytest.raises(CloudError, match=rf"{HOURS[-1]}/.* cannot be downloaded: no \(AccessDenied"):
        capture.download(s3, URI, "scones", tmp_path, workers=1)
    s3.meta.events.unregister("provide-client-params.s3.GetObject", unique_id="refuse")
    assert capture.download(s3, URI, "scones", tmp_path).new == 1


@pytest.mark.parametrize(
    "key",
    [
        "captures/scones/AllTraffic/2026/11/22/10/../../../../../../../evil.jsonl",
        "captures/scones/../2026/11/22/10/evil.jsonl",
        "captures/scones/AllTraffic/evil.jsonl",
    ],
)
def test_a_hostile_key_is_not_written_outside_the_folder(s3, tmp_path, key):
    s3.put_object(Bucket="captured", Key=key, Body=b"{}")
    folder = tmp_path / "inside"
    found = capture.download(s3, URI, "scones", folder)
    assert len(found.paths) == len(HOURS)
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_nothing_captured_yet_is_no_error(s3, tmp_path):
    found = capture.download(s3, URI, "another", tmp_path)
    assert found == capture.Downloaded((), 0, 0, 0)


def test_leaves_no_partial_file_behind(s3, tmp_path: Path):
    capture.download(s3, URI, "scones", tmp_path)
    assert not list(tmp_path.rglob("*.part"))
