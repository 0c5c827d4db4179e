"""A batch gives each image one row, does only what is missing, and names what failed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tracemalloc
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
from scones import settings
from scones.errors import InputError, WorkflowError
from scones.service.batch import (
    Batch,
    BatchImage,
    BatchRow,
    BatchStanding,
    BatchTurn,
    mapped,
    sources,
    standing,
    table,
    transformed,
)

BUCKET = "scones-dev-data"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-dev-classify-batch"
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


def test_the_workflow_s_own_objects_are_no_images(s3: Any) -> None:
    """Its bucket may be listed as a whole. In another one, such folders are somebody's."""
    said: list[str] = []
    for key in ("a.png", "batches/one/out/1/a.png.out", "captures/one.jsonl", "results/dt=2026-11-30/a.json"):
        put(s3, key)
    own = ("batches/", "captures/", "results/")
    found = sources.listed(s3, f"s3://{BUCKET}", said.append, own={BUCKET: own})
    assert [image.key for image in found] == ["a.png"]
    assert said == [f"s3://{BUCKET}: passed over: 3 objects of the workflow (batches/, captures/, results/)"]
    with pytest.raises(InputError, match="the workflow's own objects") as refused:
        sources.listed(s3, f"s3://{BUCKET}/captures/one", own={BUCKET: own})
    assert "batches/, captures/, results/" in str(refused.value.hint)
    assert len(sources.listed(s3, f"s3://{BUCKET}", own={"other": own})) == 4


def test_a_batch_writes_where_the_service_stack_reserves_its_place() -> None:
    folders = json.loads((settings.ROOT / "terraform" / "stacks" / "service" / "folders.json").read_text())
    assert sources.BATCHES in folders["others"]
    assert made().inputs.startswith(tuple(folders["images"]))
    assert made().output(1).startswith(sources.BATCHES)


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
    passed, refused = (next(stands.rows(images, threshold=line)) for line in (0.8, 0.81))
    assert (passed.passed, passed.error) == (True, None)
    assert (refused.passed, refused.error) == (False, "ThresholdConfidenceNotMet")
    assert refused.cause == "the model is 0.8 sure of bicycle; the threshold is 0.81"


def test_the_class_other_passes_with_no_threshold_and_is_counted_for_itself() -> None:
    images = [BatchImage("cat", "b", "cat")]
    stands = BatchStanding.of([BatchRow("b", "cat", "", "other", 0.97, (0.02, 0.01, 0.97))])
    rows = list(stands.rows(images, threshold=0.0))
    assert (rows[0].passed, rows[0].error, rows[0].is_final) == (False, "NotOneOfTheClasses", True)
    assert rows[0].cause == (
        "the model is 0.97 sure of other: the image is none of the other classes; no threshold lets it pass"
    )
    assert table.counted(rows) == table.Counts(1, 0, 0, 1, {}, unfinished=0)


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
    there: dict[str, tuple[str, str]] = field(default_factory=dict)

    class exceptions:
        class StateMachineDoesNotExist(Exception): ...

        class ExecutionDoesNotExist(Exception): ...

        class ExecutionAlreadyExists(Exception): ...

    def start_execution(self, **asked: Any) -> dict[str, str]:
        """As AWS: idempotent for the same name and input while that execution runs."""
        name, given = asked["name"], asked["input"]
        if self.there.setdefault(name, ("RUNNING", given)) != ("RUNNING", given):
            raise self.exceptions.ExecutionAlreadyExists
        self.started.append(asked)
        return {"executionArn": f"{MACHINE.replace('stateMachine', 'execution')}:{name}"}

    def describe_execution(self, executionArn: str) -> dict[str, str]:
        name = executionArn.rpartition(":")[2]
        if name not in self.there:
            raise self.exceptions.ExecutionDoesNotExist
        self.looks -= 1
        return {"status": "SUCCEEDED" if not self.looks else self.there[name][0]}

    def list_map_runs(self, executionArn: str) -> dict[str, Any]:
        return {"mapRuns": [{"mapRunArn": "run"}]}

    def describe_map_run(self, mapRunArn: str) -> dict[str, Any]:
        counts = dict.fromkeys(("pending", "running", "succeeded", "failed", "timedOut", "aborted"), 0)
        return {"itemCounts": counts | {"total": 80, "succeeded": 40, "failed": 1}}


def test_the_machine_gets_a_manifest_and_is_followed(s3: Any) -> None:
    batch, states = made(), States()
    images = [BatchImage("", BUCKET, 'a, "b"\nä.png', "e1"), BatchImage("", "other", "c.png")]
    run = mapped.begin(s3, states, MACHINE, batch, images, 1)
    asked = json.loads(states.started[0]["input"])
    assert asked["batch"] == batch.name
    body = s3.get_object(Bucket=BUCKET, Key=asked["manifest"]["key"])["Body"].read().decode()
    rows = list(csv.reader(io.StringIO(body, newline="")))
    assert rows == [["s3_bucket", "s3_key", "etag"], [BUCKET, 'a, "b"\nä.png', "e1"], ["other", "c.png", ""]]
    told: list[tuple[int, int]] = []
    found = mapped.follow(states, run.place, on_progress=lambda *far: told.append(far), wait=lambda seconds: None)
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
    table.write([(image.name, BatchRow("b", image.key))], LABELS, tmp_path)
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


def test_two_who_start_a_batch_at_once_have_one_execution(s3: Any) -> None:
    """Both have seen that nothing runs. Also if one of them has seen an image more."""
    batch, states = made(), States()
    images = [BatchImage("", BUCKET, key) for key in ("a.png", "b.png")]
    turns = [mapped.turn(s3, states, MACHINE, batch) for _ in range(3)]
    assert turns == [BatchTurn(1)] * 3
    first, second, other = (
        mapped.begin(s3, states, MACHINE, batch, some, turn.number)
        for some, turn in zip((images, images, images[:1]), turns, strict=True)
    )
    assert first.place == second.place == other.place
    assert (first.is_ours, second.is_ours, other.is_ours) == (True, True, False)
    assert len({(one["name"], one["input"]) for one in states.started}) == 1
    key = json.loads(states.started[0]["input"])["manifest"]["key"]
    manifest = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    assert manifest == mapped.manifest(images), "the other's manifest does not replace what runs"
    assert mapped.turn(s3, states, MACHINE, batch) == BatchTurn(1, first.place)


def test_what_failed_can_be_started_again_and_a_start_that_was_cut_short_takes_no_number(s3: Any) -> None:
    batch, states, image = made(), States(looks=100), BatchImage("", BUCKET, "a.png")
    put(s3, batch.manifest(3, b"", "csv"), b"")  # written before somebody was killed
    assert mapped.turn(s3, states, MACHINE, batch) == BatchTurn(3)
    begun = [mapped.begin(s3, states, MACHINE, batch, [image], 3)]
    states.there = {name: ("FAILED", given) for name, (_, given) in states.there.items()}
    assert not mapped.begin(s3, states, MACHINE, batch, [image], 3).is_ours
    assert mapped.turn(s3, states, MACHINE, batch) == BatchTurn(4)
    begun.append(mapped.begin(s3, states, MACHINE, batch, [image], 4))
    assert [run.place.rpartition("-")[2] for run in begun] == ["3", "4"]


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
    found = {row.key: row for row in mapped.read(s3, batch, mapped.results(s3, batch))}
    assert found["a"] == BatchRow(BUCKET, "a", "e", "motorcycle", 0.8, (0.2, 0.8), model_version=3, milliseconds=7)
    assert (found["b"].error, found["b"].is_final) == ("InvalidImageError", True)
    assert (found["c"].bucket, found["c"].etag, found["c"].error, found["c"].is_final) == (
        BUCKET,
        "e",
        "States.Timeout",
        False,
    )
    assert found["d"].bucket == "o"


def child(first: int, images: int) -> dict[str, str]:
    """A child's entry in a file of results."""
    asked = {"s3_bucket": BUCKET, "etag": "e", "probabilities": [0.2, 0.8], "package_version": 3}
    rows = [asked | {"s3_key": f"images/ü{number}.png"} for number in range(first, first + images)]
    output = json.dumps({"class_labels": list(LABELS), "rows": rows}, ensure_ascii=False)
    return {"Status": "SUCCEEDED", "Input": "x" * 4000, "Output": output}


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("space", ["", " \n"])
def test_a_file_of_results_is_read_piece_by_piece_wherever_it_is_cut(size: int, space: str) -> None:
    given = [child(0, 2), child(2, 1), {"Status": "FAILED", "Cause": '}],"\\[{'}]
    listed = f"[{space}{f'{space},{space}'.join(json.dumps(one, ensure_ascii=False) for one in given)}{space}]"
    for text, wanted in ((f"{space}{listed}{space}", given), ("[]", []), (f"[{space}]", [])):
        body = text.encode()
        assert list(mapped.entries(body[at : at + size] for at in range(0, len(body), size))) == wanted


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"Status": "SUCC', b'[{"a": 1}]', b"[] x", b"[1]", b"\xff"])
def test_a_file_that_is_no_list_of_results_is_named(s3: Any, body: bytes) -> None:
    batch = made()
    put(s3, f"{batch.results}1/SUCCEEDED_0.json", body)
    with pytest.raises(WorkflowError, match=r"SUCCEEDED_0\.json is no list of results") as refused:
        list(mapped.read(s3, batch, mapped.results(s3, batch)))
    assert "delete it" in str(refused.value.hint)


def test_many_rows_are_read_and_written_with_little_memory(s3: Any, tmp_path: Path) -> None:
    """Two million rows would need as much: nobody keeps one that is written."""
    batch, children = made(), 300
    body = json.dumps([child(40 * number, 40) for number in range(children)]).encode()

    class Stored:
        """S3, with an object that cannot be read whole."""

        def get_object(self, **asked: Any) -> dict[str, Any]:
            return {"Body": self}

        def iter_chunks(self, size: int) -> Iterator[bytes]:
            return (body[at : at + size] for at in range(0, len(body), size))

    rows = mapped.read(Stored(), batch, ["SUCCEEDED_0.json"])
    tracemalloc.start()
    try:
        files = table.write(((f"s3://{row.bucket}/{row.key}", row) for row in rows), LABELS, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()
    groups = parquet.ParquetFile(files[0]).metadata
    assert (groups.num_rows, groups.num_row_groups) == (40 * children, 3)
    with files[1].open(encoding="utf-8") as stream:
        assert sum(1 for _ in stream) == 40 * children + 1


# The transform job.


@dataclass
class Jobs:
    """SageMaker with transform jobs, whose names are never free again."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    status: str = "InProgress"

    class exceptions:
        class ResourceInUse(Exception): ...

    def create_transform_job(self, **asked: Any) -> None:
        if asked["TransformJobName"] in [one["TransformJobName"] for one in self.asked]:
            raise self.exceptions.ResourceInUse
        self.asked.append(asked)

    def get_paginator(self, name: str) -> Jobs:
        return self

    def paginate(self, NameContains: str) -> list[dict[str, Any]]:
        names = [one["TransformJobName"] for one in self.asked if NameContains in one["TransformJobName"]]
        return [{"TransformJobSummaries": [{"TransformJobName": n, "TransformJobStatus": self.status} for n in names]}]


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
    job = transformed.begin(s3, jobs, "model", "ml.m5.large", batch, [BatchImage("", BUCKET, "a b.png")], 1)
    asked = jobs.asked[0]
    assert asked["TransformJobName"] == job.place
    assert job.place.startswith("scones-dev-")
    source = asked["TransformInput"]["DataSource"]["S3DataSource"]
    body = s3.get_object(Bucket=BUCKET, Key=source["S3Uri"].removeprefix(f"s3://{BUCKET}/"))["Body"].read()
    assert json.loads(body) == [{"prefix": f"s3://{BUCKET}/"}, "a b.png"]
    assert asked["MaxConcurrentTransforms"] * asked["MaxPayloadInMB"] <= 100
    with pytest.raises(InputError, match="one bucket") as refused:
        transformed.begin(s3, jobs, "model", "t", batch, [BatchImage("", "b", "1"), BatchImage("", "c", "2")], 2)
    assert "--how map" in str(refused.value.hint)


def test_two_who_start_a_transform_at_once_have_one_job_and_what_failed_can_be_started_again(s3: Any) -> None:
    batch, jobs, images = made("transform"), Jobs(), [BatchImage("", BUCKET, "a.png")]
    turns = [transformed.turn(jobs, batch) for _ in range(2)]
    first, second = (transformed.begin(s3, jobs, "m", "t", batch, images, turn.number) for turn in turns)
    assert (first.place, first.is_ours, second.is_ours) == (second.place, True, False)
    assert transformed.turn(jobs, batch) == BatchTurn(1, first.place)
    jobs.status = "Failed"
    assert transformed.turn(jobs, batch) == BatchTurn(2)
    third = transformed.begin(s3, jobs, "m", "t", batch, images, 2)
    assert (third.is_ours, len(jobs.asked)) == (True, 2)


def test_outputs_and_the_log_give_each_image_its_row(s3: Any) -> None:
    batch = made("transform")
    for name, body in {"a": "[0.9, 0.1]", "b: x/c": '{"prediction": [0.3, 0.7]}', "odd": "[1]"}.items():
        put(s3, f"{batch.output(1)}{name}.out", body.encode())
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


def ended(s3: Any, batch: Batch, keys: list[str], outputs: dict[str, str]) -> dict[str, Any]:
    """The first job of a batch, as DescribeTransformJob tells of it when it is Completed."""
    jobs = Jobs()
    run = transformed.begin(s3, jobs, "m", "t", batch, [BatchImage(key, BUCKET, key) for key in keys], 1)
    for path, body in outputs.items():
        put(s3, f"{batch.output(1)}{path}.out", body.encode())
    return {**jobs.asked[0], "TransformJobName": run.place, "TransformJobStatus": "Completed"}


def test_an_output_has_folders_more_or_fewer_than_its_key_if_it_can_be_no_other_image_s(s3: Any) -> None:
    batch, keys = made("transform"), ["a/1.png", "1.png", "b/2.png", "/3.png", "c/4.png", "d/4.png"]
    found = ended(
        s3,
        batch,
        keys,
        {
            "a/1.png": "[0.9, 0.1]",
            "1.png": "[0.8, 0.2]",
            f"{BUCKET}/b/2.png": "[0.7, 0.3]",
            "3.png": "[0.6, 0.4]",
            "4.png": "[0.5, 0.5]",
        },
    )
    images = [BatchImage(key, BUCKET, key) for key in keys]
    rows = {row.key: row.probabilities[0] for row in transformed.read(s3, Logs([]), batch, images)}
    assert rows == {"a/1.png": 0.9, "1.png": 0.8, "b/2.png": 0.7, "/3.png": 0.6}
    with pytest.raises(WorkflowError, match=r"Completed, but 2 of its 6 images .* such as s3://.*4\.png") as stopped:
        transformed.check_ended(s3, Logs([]), batch, found)
    assert f"aws s3 ls --recursive s3://{BUCKET}/{batch.output(1)}" in str(stopped.value.hint)


def test_another_image_s_output_is_not_taken_for_one_that_failed(s3: Any) -> None:
    """a/1.png was deleted since, and 1.png had no answer."""
    batch = made("transform")
    ended(s3, batch, ["a/1.png", "1.png"], {"a/1.png": "[0.9, 0.1]"})
    assert list(transformed.read(s3, Logs([]), batch, [BatchImage("1.png", BUCKET, "1.png")])) == []


def test_an_image_that_the_log_names_needs_no_output(s3: Any) -> None:
    batch = made("transform")
    found = ended(s3, batch, ["a.png", "bad.png"], {"a.png": "[0.9, 0.1]"})
    stream = f"{found['TransformJobName']}/i-1/data-log"
    said = f"2026-11-30T06:00:00.000:[sagemaker logs]: {BUCKET}/bad.png: Bad HTTP status received from algorithm: 400"
    transformed.check_ended(s3, Logs([(stream, said)]), batch, found)
    with pytest.raises(WorkflowError, match=r"1 of its 2 images"):
        transformed.check_ended(s3, Logs([(stream.replace("-1/", "-11/"), said)]), batch, found)
    transformed.check_ended(s3, Logs([]), batch, found | {"TransformJobStatus": "Failed"})


def test_the_last_job_s_output_of_an_image_counts(s3: Any) -> None:
    batch = made("transform")
    for number, first in ((2, 0.2), (10, 0.9)):
        put(s3, f"{batch.output(number)}a.out", json.dumps([first, 1 - first]).encode())
    (row,) = transformed.read(s3, Logs([]), batch, [BatchImage("a", BUCKET, "a")])
    assert row.probabilities[0] == 0.9


def test_an_output_that_is_older_than_its_image_is_not_its_answer(s3: Any) -> None:
    batch = made("transform")
    put(s3, f"{batch.output(1)}a.out", b"[0.9, 0.1]")
    later = datetime.now(UTC) + timedelta(hours=1)
    images = [BatchImage("a", BUCKET, "a", modified=later)]
    assert list(transformed.read(s3, Logs([]), batch, images)) == []


# The table.


def test_the_table_is_the_same_as_parquet_and_csv(tmp_path: Path) -> None:
    rows = [
        BatchRow("b", "1", "", "bicycle", 0.9, (0.9, 0.1), True, model_version=3, milliseconds=12.5),
        BatchRow("b", "2", error="InvalidImageError", cause="is empty,\nreally"),
    ]
    files = table.write(zip(["s3://b/1", "s3://b/ä"], rows, strict=True), LABELS, tmp_path / "out")
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
    assert table.counted(rows) == table.Counts(2, 1, 0, 0, {"InvalidImageError": 1}, unfinished=0)
