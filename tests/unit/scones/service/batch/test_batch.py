"""A batch gives each image one row, does only what is missing, and names what failed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from PIL import Image
from pyarrow import parquet

from localcloud.stepfunctions.integrations import csvitems
from scones.errors import InputError
from scones.service.batch import (
    Batch,
    BatchImage,
    BatchRow,
    BatchStanding,
    mapped,
    sources,
    standing,
    table,
    transformed,
)

BUCKET = "scones-dev-data"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/3"
LABELS = ("bicycle", "motorcycle")


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def made(how: str = "map") -> Batch:
    name = standing.name_of(f"s3://{BUCKET}/in/", how, PACKAGE)
    return Batch(name, how, BUCKET, "scones-dev", PACKAGE, LABELS)


def png(colour: tuple[int, int, int] = (1, 2, 3)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(stream, "PNG")
    return stream.getvalue()


def put(s3: Any, key: str, body: bytes = b"x") -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)


# The images.


def test_every_object_is_an_image_over_the_pages_of_a_listing(s3: Any) -> None:
    for number in range(1006):
        put(s3, f"in/{number}.png")
    put(s3, "in/folder/", b"")
    put(s3, "other/1.png")
    said: list[str] = []
    images = sources.listed(s3, f"s3://{BUCKET}/in/", said.append)
    assert len({image.key for image in images}) == len(images) == 1006
    assert said == [f"s3://{BUCKET}/in/: passed over: 1 folder marks"]
    assert images[0].etag == hashlib.md5(b"x").hexdigest()


def test_what_batches_have_made_is_no_image(s3: Any) -> None:
    put(s3, "a.png")
    put(s3, "batches/one/out/a.png.out")
    assert [image.key for image in sources.listed(s3, f"s3://{BUCKET}")] == ["a.png"]


@pytest.mark.parametrize("uri", ["s3://", f"s3://{BUCKET}/nothing/"])
def test_a_source_without_images_is_refused(s3: Any, uri: str) -> None:
    with pytest.raises(InputError) as refused:
        sources.listed(s3, uri)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "s3://b/one.png\ns3://b/two words.png\n",
        "image,label\ns3://b/one.png,1\n\ns3://b/two words.png,2\ns3://b/one.png,3\n",
        "label,s3_bucket,s3_key\n1,b,one.png\n2,b,two words.png\n",
        '\ufeffimage_url\n"s3://b/one.png"\ns3://b/two words.png\n',
    ],
)
def test_a_file_names_images_in_any_of_its_forms_each_once(s3: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    assert [(image.bucket, image.key) for image in sources.in_file(s3, path)] == [
        ("b", "one.png"),
        ("b", "two words.png"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,size\na,1\n", "name, size"),
        ("image\nphotos/one.png\n", "line 2"),
        ("image\n", "names no image"),
        ("", "is empty"),
        (f"image,note\ns3://b/one.png,{200_000 * 'x'}\n", "line 2"),
        ('image\ns3://b/one.png\n"s3://b/two.png\ns3://b/three.png\n', "line 4"),
        ("s3_bucket,s3_key\nb,\n", "line 2"),
    ],
)
def test_a_file_that_names_no_object_is_refused_with_its_line(s3: Any, tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=why) as refused:
        sources.in_file(s3, path)
    assert "image" in str(refused.value.hint)


def test_a_folder_is_uploaded_once_and_a_changed_file_is_another_object(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "one.png").write_bytes(png())
    Image.new("RGB", (4, 4)).save(tmp_path / "sub" / "two.webp")
    (tmp_path / "broken.webp").write_bytes(b"RIFF\0\0\0\0WEBPVP8 cut")
    (tmp_path / "notes.txt").write_text("no picture")
    batch, said = made(), list[str]()
    images = sources.in_folder(tmp_path, BUCKET, batch.inputs, said.append)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET), "nothing is uploaded before somebody has agreed"
    sources.upload(s3, BUCKET, batch.inputs, images)
    assert [image.name for image in images] == ["broken.webp", "one.png", "sub/two.webp"]
    assert images[0].problem
    assert not images[0].key
    assert all(image.key.startswith(batch.inputs) for image in images[1:])
    body = s3.get_object(Bucket=BUCKET, Key=images[2].key)["Body"].read()
    assert body.startswith(b"\x89PNG")
    assert "notes.txt" in said[0]
    puts = _counted(s3)
    assert sources.in_folder(tmp_path, BUCKET, batch.inputs) == images
    sources.upload(s3, BUCKET, batch.inputs, images)
    assert puts == []
    (tmp_path / "one.png").write_bytes(png((9, 9, 9)))
    assert sources.in_folder(tmp_path, BUCKET, batch.inputs)[1].key != images[1].key


def _counted(s3: Any) -> list[str]:
    """The keys that are put from now on."""
    keys: list[str] = []
    s3.meta.events.register("before-parameter-build.s3.PutObject", lambda params, **_: keys.append(params["Key"]))
    return keys


# What is done.


def test_a_batch_is_a_source_a_way_and_a_model() -> None:
    names = {
        standing.name_of(source, how, package)
        for source in ("s3://b/in/", "s3://b/in2/")
        for how in ("map", "transform")
        for package in (PACKAGE, PACKAGE.replace("/3", "/4"))
    }
    assert len(names) == 8
    job = f"scones-{12 * 'e'}-{standing.name_of(60 * 'x', 'map', PACKAGE)}-{8 * '0'}"
    assert len(job) <= 63


def test_only_what_is_missing_is_left() -> None:
    images = [BatchImage(key, "b", key, f"etag-{key}") for key in ("done", "low", "bad", "away", "new", "changed")]
    images.append(BatchImage("file", "b", "", problem="is cut short"))
    rows = [
        BatchRow("b", "done", "etag-done", "bicycle", 0.9, (0.9, 0.1)),
        BatchRow("b", "low", "etag-low", "bicycle", 0.6, (0.6, 0.4), error="ThresholdConfidenceNotMet"),
        BatchRow("b", "bad", "etag-bad", error="InvalidImageError"),
        BatchRow("b", "away", "etag-away", error="EndpointUnavailableError"),
        BatchRow("b", "changed", "etag-before", "bicycle", 0.9, (0.9, 0.1)),
    ]
    assert [image.key for image in BatchStanding.of(rows).left(images)] == ["away", "new", "changed"]


def test_a_failed_second_try_takes_no_answer_away() -> None:
    answer = BatchRow("b", "one", "etag", "bicycle", 0.9, (0.9, 0.1))
    rows = [answer, BatchRow("b", "one", "etag", error="States.Timeout")]
    assert BatchStanding.of(rows).done["b", "one"] == answer
    assert BatchStanding.of(reversed(rows)).done["b", "one"] == answer


def test_another_threshold_judges_the_same_answers() -> None:
    images = [BatchImage("one", "b", "one")]
    low = BatchRow("b", "one", "", "bicycle", 0.8, (0.8, 0.2), error="ThresholdConfidenceNotMet")
    stands = BatchStanding.of([low])
    passed, refused = (stands.rows(images, threshold=line)[0] for line in (0.8, 0.81))
    assert (passed.passed, passed.error) == (True, None)
    assert (refused.passed, refused.error) == (False, "ThresholdConfidenceNotMet")
    assert refused.cause == "the model is 0.8 sure of bicycle; the threshold is 0.81"


def test_every_image_has_a_row_also_one_that_was_not_sent_or_has_no_answer() -> None:
    images = [BatchImage("cut.webp", "b", "", problem="the file is cut short"), BatchImage("new", "b", "new")]
    cut, new = BatchStanding().rows(images, threshold=0.5)
    assert (cut.error, cut.cause) == ("InvalidImageError", "the file is cut short")
    assert new.error == "NoAnswer"


# The state machine.


@dataclass
class States:
    """Step Functions with one execution, which ends after some looks."""

    looks: int = 2
    started: list[dict[str, Any]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    class exceptions:
        class StateMachineDoesNotExist(Exception): ...

        class ExecutionDoesNotExist(Exception): ...

    def start_execution(self, **asked: Any) -> dict[str, str]:
        self.started.append(asked)
        return {"executionArn": f"arn:execution:{asked['name']}"}

    def describe_execution(self, executionArn: str) -> dict[str, str]:
        self.looks -= 1
        return {"status": "RUNNING" if self.looks else "SUCCEEDED"}

    def list_map_runs(self, executionArn: str) -> dict[str, Any]:
        return {"mapRuns": [{"mapRunArn": "run"}]}

    def describe_map_run(self, mapRunArn: str) -> dict[str, Any]:
        counts = dict.fromkeys(("pending", "running", "succeeded", "failed", "timedOut", "aborted"), 0)
        return {"itemCounts": counts | {"total": 80, "succeeded": 40, "failed": 1}}

    def get_paginator(self, name: str) -> States:
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        return [{"executions": []}, {"executions": [{"name": name, "executionArn": name} for name in self.others]}]


def test_the_machine_gets_a_manifest_and_is_followed(s3: Any) -> None:
    batch, states = made(), States()
    images = [BatchImage("", BUCKET, 'a, "b"\nä.png', "e1"), BatchImage("", "other", "c.png")]
    arn = mapped.begin(s3, states, "arn:machine", batch, images, threshold=0.7)
    asked = json.loads(states.started[0]["input"])
    assert asked["batch"] == batch.name
    assert asked["confidence_threshold"] == 0.7
    body = s3.get_object(Bucket=BUCKET, Key=asked["manifest"]["key"])["Body"].read().decode()
    rows = list(csv.reader(io.StringIO(body, newline="")))
    assert rows == [["s3_bucket", "s3_key", "etag"], [BUCKET, 'a, "b"\nä.png', "e1"], ["other", "c.png", ""]]
    told: list[tuple[int, int]] = []
    found = mapped.follow(states, arn, on_progress=lambda *far: told.append(far), wait=lambda seconds: None)
    assert found["status"] == "SUCCEEDED"
    assert told == [(41, 80), (41, 80)]


def test_a_key_reaches_the_function_as_it_is(s3: Any) -> None:
    """The local cloud reads a manifest by the rules of Step Functions."""
    keys = ["a\\b.png", 'quote".png', "two\nlines.png", "sep\u2028.png", " space ,comma.png", "\\"]
    text = mapped.manifest([BatchImage("", "b", key) for key in keys])
    assert [row["s3_key"] for row in csvitems.rows(text, {"CSVHeaderLocation": "FIRST_ROW"})] == keys


def test_two_equal_files_are_one_object_and_two_rows() -> None:
    images = [BatchImage("a/1.png", "b", "k/1.png"), BatchImage("c/1.png", "b", "k/1.png")]
    assert len(BatchStanding().left(images)) == 1
    done = BatchStanding.of([BatchRow("b", "k/1.png", "", "bicycle", 0.9, (0.9, 0.1))])
    assert [row.classification for row in done.rows(images, threshold=0.5)] == ["bicycle", "bicycle"]


def test_a_name_that_is_no_utf_8_has_a_row(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")).write_bytes(png())
    (image,) = sources.in_folder(folder, BUCKET, "images/x/")
    assert image.name == "\N{REPLACEMENT CHARACTER}.png"
    table.write([image.name], [BatchRow("b", image.key)], LABELS, tmp_path)
    assert standing.name_of(os.fsdecode(b"/photos\xff"), "map", PACKAGE)


def test_an_object_of_a_file_that_has_changed_is_left(s3: Any, tmp_path: Path) -> None:
    put(s3, "a.png", b"before")
    path = tmp_path / "list.csv"
    path.write_text(f"s3://{BUCKET}/a.png\ns3://{BUCKET}/gone.png\n")
    before, gone = sources.in_file(s3, path)
    assert gone.etag == ""
    done = BatchStanding.of([BatchRow(BUCKET, "a.png", before.etag, "bicycle", 0.9, (0.9, 0.1))])
    assert [image.key for image in done.left([before])] == []
    put(s3, "a.png", b"after")
    assert [image.key for image in done.left(sources.in_file(s3, path)[:1])] == ["a.png"]


def test_a_batch_that_still_runs_is_found_by_its_name() -> None:
    batch = made()
    assert mapped.running(States(others=["another-batch-1a2b3c4d"]), "arn", batch) is None
    assert mapped.running(States(others=["x", f"{batch.name}-1a2b3c4d"]), "arn", batch) == f"{batch.name}-1a2b3c4d"


def test_the_rows_come_from_all_runs_and_a_failed_child_names_its_images(s3: Any) -> None:
    batch = made()
    answer = {"s3_bucket": BUCKET, "s3_key": "a", "etag": '"e"', "probabilities": [0.2, 0.8], "package_version": 3}
    refused = {"s3_bucket": BUCKET, "s3_key": "b", "error": "InvalidImageError", "cause": "it is empty"}
    output = {"class_labels": list(LABELS), "rows": [answer | {"milliseconds": 7}, refused]}
    asked = {
        "BatchInput": {"bucket": BUCKET},
        "Items": [{"Key": "c", "ETag": '"e"'}, {"s3_bucket": "o", "s3_key": "d"}],
    }
    failed = {"Status": "FAILED", "Error": "States.Timeout", "Cause": "late", "Input": json.dumps(asked)}
    for key, entries in {
        "1/SUCCEEDED_0.json": [{"Status": "SUCCEEDED", "Output": json.dumps(output)}],
        "1/FAILED_0.json": [failed],
        "1/manifest.json": {},
    }.items():
        put(s3, f"{batch.results}{key}", json.dumps(entries).encode())
    found = {row.key: row for row in mapped.read(s3, batch)}
    assert found["a"] == BatchRow(BUCKET, "a", "e", "motorcycle", 0.8, (0.2, 0.8), model_version=3, milliseconds=7)
    assert (found["b"].error, found["b"].is_final) == ("InvalidImageError", True)
    assert (found["c"].bucket, found["c"].etag, found["c"].error, found["c"].is_final) == (
        BUCKET,
        "e",
        "States.Timeout",
        False,
    )
    assert found["d"].bucket == "o"


# The transform job.


@dataclass
class Jobs:
    """SageMaker with one job."""

    asked: list[dict[str, Any]] = field(default_factory=list)

    def create_transform_job(self, **asked: Any) -> None:
        self.asked.append(asked)


@dataclass
class Logs:
    """CloudWatch Logs with some lines."""

    lines: list[tuple[str, str]] | None
    began: int = 1_000

    class exceptions:
        class ResourceNotFoundException(Exception): ...

    def get_paginator(self, name: str) -> Logs:
        return self

    def paginate(self, logStreamNamePrefix: str, **asked: Any) -> list[dict[str, Any]]:
        if self.lines is None:
            raise self.exceptions.ResourceNotFoundException
        said = [line for line in self.lines if line[0].startswith(logStreamNamePrefix)]
        events = enumerate(said, self.began)
        return [{"events": [{"timestamp": at, "logStreamName": one[0], "message": one[1]} for at, one in events]}]


def test_a_transform_job_reads_a_manifest_of_one_bucket(s3: Any) -> None:
    batch, jobs = made("transform"), Jobs()
    job = transformed.begin(s3, jobs, "model", "ml.m5.large", batch, [BatchImage("", BUCKET, "a b.png")])
    asked = jobs.asked[0]
    assert asked["TransformJobName"] == job
    assert job.startswith("scones-dev-")
    source = asked["TransformInput"]["DataSource"]["S3DataSource"]
    body = s3.get_object(Bucket=BUCKET, Key=source["S3Uri"].removeprefix(f"s3://{BUCKET}/"))["Body"].read()
    assert json.loads(body) == [{"prefix": f"s3://{BUCKET}/"}, "a b.png"]
    assert asked["MaxConcurrentTransforms"] * asked["MaxPayloadInMB"] <= 100
    with pytest.raises(InputError, match="one bucket") as refused:
        transformed.begin(s3, jobs, "model", "t", batch, [BatchImage("", "b", "1"), BatchImage("", "c", "2")])
    assert "--how map" in str(refused.value.hint)


def test_outputs_and_the_log_give_each_image_its_row(s3: Any) -> None:
    batch = made("transform")
    for name, body in {"a": "[0.9, 0.1]", "b: x/c": '{"prediction": [0.3, 0.7]}', "odd": "[1]"}.items():
        put(s3, f"{batch.outputs}{name}.out", body.encode())
    stream = f"scones-dev-{batch.name}-00000000/i-1/data-log"
    said = "2026-11-30T06:00:00.000:[sagemaker logs]: "
    logs = Logs(
        [
            (stream, f"{said}MaxConcurrentTransforms=8, MaxPayloadInMB=6"),
            (stream, f"{said}{BUCKET}/bad: 1.png: Bad HTTP status received from algorithm: 400"),
            (stream, f"{said}{BUCKET}/bad: 1.png: Message:"),
            (stream, f"{said}{BUCKET}/bad: 1.png: the image is cut short"),
            (stream, f"{said}{BUCKET}/down.png: Bad HTTP status received from algorithm: 500"),
            (stream.replace("data-log", "other"), f"{said}{BUCKET}/quiet.png: Bad HTTP status"),
        ]
    )
    keys = ("a", "b: x/c", "odd", "bad: 1.png", "down.png", "quiet.png")
    images = [BatchImage(key, BUCKET, key) for key in keys]
    found = {row.key: row for row in transformed.read(s3, logs, batch, images)}
    assert (found["a"].classification, found["a"].probabilities, found["a"].model_version) == ("bicycle", (0.9, 0.1), 3)
    assert found["b: x/c"].classification == "motorcycle"
    assert found["odd"].error == "InvalidInferenceError"
    assert found["bad: 1.png"].error == "InvalidImageError"
    assert "the image is cut short" in str(found["bad: 1.png"].cause)
    assert (found["down.png"].error, found["down.png"].is_final) == ("ModelError", False)
    assert "quiet.png" not in found


@pytest.mark.parametrize("error", ["ImageRefusedError", "ImageNotFoundError", "EndpointUnavailableError"])
def test_what_is_not_the_pictures_fault_is_tried_again(error: str) -> None:
    assert not BatchRow(BUCKET, "a", error=error).is_final


def test_what_the_last_job_says_of_a_picture_counts_and_a_picture_that_was_mended_is_tried_again(s3: Any) -> None:
    batch = made("transform")
    first, second = (f"scones-dev-{batch.name}-{run}/i-1/data-log" for run in ("00000001", "00000002"))
    said = f"2026-11-30T06:00:00.000:[sagemaker logs]: {BUCKET}/a.png: Bad HTTP status received from algorithm: "
    logs = Logs([(first, f"{said}503"), (second, f"{said}400")])
    image = BatchImage("a", BUCKET, "a.png", modified=datetime.fromtimestamp(0, UTC))
    (row,) = transformed.read(s3, logs, batch, [image])
    assert (row.error, row.is_final) == ("InvalidImageError", True)
    mended = BatchImage("a", BUCKET, "a.png", "new", modified=datetime.now(UTC))
    assert list(transformed.read(s3, logs, batch, [mended])) == []


def test_before_the_first_job_of_all_nothing_is_done(s3: Any) -> None:
    assert list(transformed.read(s3, Logs(None), made("transform"), [BatchImage("a", BUCKET, "a")])) == []


def test_an_output_that_is_older_than_its_image_is_not_its_answer(s3: Any) -> None:
    batch = made("transform")
    put(s3, f"{batch.outputs}a.out", b"[0.9, 0.1]")
    later = datetime.now(UTC) + timedelta(hours=1)
    images = [BatchImage("a", BUCKET, "a", modified=later)]
    assert list(transformed.read(s3, Logs([]), batch, images)) == []


# The table.


def test_the_table_is_the_same_as_parquet_and_csv(tmp_path: Path) -> None:
    rows = [
        BatchRow("b", "1", "", "bicycle", 0.9, (0.9, 0.1), True, model_version=3, milliseconds=12.5),
        BatchRow("b", "2", error="InvalidImageError", cause="is empty,\nreally"),
    ]
    files = table.write(["s3://b/1", "s3://b/ä"], rows, LABELS, tmp_path / "out")
    frame = parquet.read_table(files[0]).to_pydict()
    assert frame == {
        "image": ["s3://b/1", "s3://b/ä"],
        "class": ["bicycle", None],
        "confidence": [0.9, None],
        "probability_bicycle": [0.9, None],
        "probability_motorcycle": [0.1, None],
        "passed": [True, False],
        "error": [None, "InvalidImageError"],
        "cause": [None, "is empty,\nreally"],
        "model_version": [3, None],
        "milliseconds": [12.5, None],
    }
    with files[1].open(newline="", encoding="utf-8") as stream:
        written = list(csv.DictReader(stream))
    assert [{name: value or None for name, value in row.items()} for row in written] == [
        {name: None if values[at] is None else str(values[at]) for name, values in frame.items()} for at in (0, 1)
    ]
    assert table.counted(rows) == table.Counts(2, 1, 0, {"InvalidImageError": 1})
