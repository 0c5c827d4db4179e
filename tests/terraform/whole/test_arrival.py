"""With the variables arrival and batch, objects that arrive start the workflow, and many are classified at once."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.console import Console

from benchmarks.arrival import pictures
from localcloud import control
from scones.demo.leftovers import left_behind
from scones.service import inbox
from scones.service.batch import How
from scones.settings import Environment
from scones.tasks.batched import BatchRun
from scones.terraform import Stack
from tests.local.conftest import eventually

# Of each hundred: so many are no pictures, and so many events come twice.
MANY, UNREADABLE, TWICE = 1000, 5, 10

pytestmark = [pytest.mark.usefixtures("provider_is_here"), pytest.mark.slow]


@pytest.fixture
def service(stacks: dict[str, Stack]) -> Stack:
    """The service. An untrained model is never sure, so the threshold is 0.5."""
    return stacks["service"]


def test_all_that_the_options_make_would_be_found_if_a_destroy_left_it(service: Stack, project: Environment) -> None:
    named = [f"{kind} scones-local-{name}" for kind in ("queue", "rule") for name in ("arrivals", "endings")]
    named += [f"event source mapping scones-local-{name}" for name in ("arrivals", "endings")]
    named += [f"{kind} scones-local-classify-batch" for kind in ("state machine", "function", "log group")]
    named += [
        "queue scones-local-arrivals-dead",
        "alarm scones-local-endings-dead",
        "function scones-local-record-result",
    ]
    assert set(named) - set(left_behind(project)) == set()


def test_an_object_that_arrives_has_a_result_and_the_plan_stays_empty(service: Stack, cloud: Any) -> None:
    assert service.plan() is False
    arrival = service.outputs()["arrival"]
    bucket = arrival["uri"].split("/")[2]
    s3 = cloud.client("s3")
    one, other = pictures(2)
    names = {"photo 7.png": one, "Photo.Png": other, "broken.jpg": b"no picture"}
    for name, content in {**names, "notes.txt": b"text"}.items():
        s3.put_object(Bucket=bucket, Key=f"incoming/{name}", Body=content)
    found = inbox.wait_for(s3, arrival, names, seconds=60)
    assert {name: one["status"] for name, one in found.items()} == {
        "photo 7.png": "SUCCEEDED",
        "Photo.Png": "SUCCEEDED",
        "broken.jpg": "FAILED",
    }
    assert found["broken.jpg"]["error"] == "InvalidImageError"
    assert found["photo 7.png"]["classification"] in ("bicycle", "motorcycle")
    assert len(list(inbox.keys(s3, arrival))) == 3, "the text starts nothing"


def test_an_end_that_is_told_late_does_not_overwrite_a_later_one(service: Stack, cloud: Any) -> None:
    """EventBridge and SQS keep no order. The execution is redriven, and its first end comes last."""
    arrival, s3, sqs = service.outputs()["arrival"], cloud.client("s3"), cloud.client("sqs")
    s3.put_object(Bucket=arrival["uri"].split("/")[2], Key="incoming/late.png", Body=next(pictures(1, seed=7)))
    found = inbox.wait_for(s3, arrival, ["late.png"], seconds=60)["late.png"]
    begun, ended = (datetime.fromisoformat(found[at]).timestamp() * 1000 for at in ("started_at", "ended_at"))
    detail = {
        "name": found["execution"],
        "status": "TIMED_OUT",
        "startDate": round(begun),
        "stopDate": round(ended) - 1,
    }
    queue = arrival["queues"]["endings"]
    sqs.send_message(QueueUrl=queue["url"], MessageBody=json.dumps({"detail": {**detail, "executionArn": "x"}}))
    eventually(lambda: inbox.load(sqs, queue) == inbox.QueueLoad(0, 0, 0))
    assert inbox.wait_for(s3, arrival, ["late.png"], seconds=60)["late.png"] == found


def test_another_try_of_a_failed_arrival_is_another_execution_with_a_result(service: Stack, cloud: Any) -> None:
    outputs, s3 = service.outputs(), cloud.client("s3")
    sqs, sfn, begun = cloud.client("sqs"), cloud.client("stepfunctions"), datetime.now(UTC)
    s3.put_object(Bucket=outputs["arrival"]["uri"].split("/")[2], Key="incoming/again.png", Body=b"no picture")
    inbox.wait_for(s3, outputs["arrival"], ["again.png"], seconds=60)
    place = (sqs, sfn, outputs["arrival"], outputs["state_machine_arn"])
    done = inbox.retry(*place, since=begun, errors=["InvalidImageError"])
    assert [name.rpartition("-")[2] for name in done.started] == ["r1"]
    eventually(lambda: any(done.started[0] in key for key in inbox.keys(s3, outputs["arrival"])), seconds=60)
    assert [one.name for one in inbox.look(*place, since=begun).failed] == list(done.started)


@pytest.mark.nightly
def test_a_thousand_arrivals_have_a_thousand_executions_though_events_come_twice_and_the_cloud_is_killed(
    service: Stack, project: Environment, cloud: Any
) -> None:
    arrival, machine = service.outputs()["arrival"], service.outputs()["state_machine_arn"]
    bucket, queue = arrival["uri"].split("/")[2], arrival["queues"]["arrivals"]["url"]
    images = pictures(MANY)
    contents = {
        f"many-{number:04}.png": b"no picture" if number % 100 < UNREADABLE else next(images) for number in range(MANY)
    }

    def put(name: str) -> None:
        key = f"incoming/{name}"
        version = cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=contents[name])["VersionId"]
        if int(name[5:9]) % 100 >= 100 - TWICE:
            detail = {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version}}
            event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
            cloud.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))

    def begun() -> list[str]:
        pages = cloud.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
        return [one["name"] for page in pages for one in page["executions"] if one["name"].startswith("arrival-many-")]

    names = list(contents)
    cloud.client("s3"), cloud.client("sqs")  # boto3 makes clients in one thread only
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(put, names[: MANY // 2]))
        eventually(lambda: len(begun()) >= MANY // 10, seconds=300)
        os.kill(cloud.running.pid, signal.SIGKILL)
        eventually(lambda: not control.is_alive(cloud.state))
        cloud.use(control.up(cloud.state, tethered=True))
        assert project.cloud_path is not None
        project.cloud_path.write_bytes((cloud.state / "cloud.json").read_bytes())  # as another process has it now
        cloud.client("s3"), cloud.client("sqs")
        list(clients.map(put, names[MANY // 2 :]))
    found = inbox.wait_for(cloud.client("s3"), arrival, names, seconds=1200)
    assert len(found) == MANY
    executions = begun()
    assert len(executions) == len(set(executions)) == MANY
    assert Counter(map(inbox.ending, found.values())) == {
        "passed": MANY * (100 - UNREADABLE) // 100,
        "InvalidImageError": MANY * UNREADABLE // 100,
    }
    loads = inbox.look(
        cloud.client("sqs"), cloud.client("stepfunctions"), arrival, machine, since=datetime.now(UTC)
    ).waiting
    assert {name: load.dead for name, load in loads.items()} == {"arrivals": 0, "endings": 0}


@pytest.mark.parametrize("many", [50, pytest.param(1006, marks=pytest.mark.nightly)])
def test_every_object_of_a_batch_has_a_row_whatever_it_is(service: Stack, cloud: Any, many: int) -> None:
    """1,006 are more than a page of a listing. The bad ones say what they are, and the others have their answers."""
    batch, bucket = service.outputs()["batch"], service.outputs()["arrival"]["uri"].split("/")[2]
    s3, sfn = cloud.client("s3"), cloud.client("stepfunctions")
    prefix, good = f"images/batch {many}/", next(pictures(1))
    odd = {"ünder score+%20.png": good, "empty.png": b"", "text.jpg": b"hello", "cut.png": good[:100]}
    contents = {**odd, **{f"{number:04}.png": good for number in range(many - len(odd))}}
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: s3.put_object(Bucket=bucket, Key=prefix + one[0], Body=one[1]), contents.items()))
    given = json.dumps({"bucket": bucket, "prefix": prefix})
    arn = sfn.start_execution(stateMachineArn=batch["state_machine_arn"], input=given)["executionArn"]
    eventually(lambda: sfn.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds=300)
    found = sfn.describe_execution(executionArn=arn)
    assert found["status"] == "SUCCEEDED", found

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    files = read(json.loads(found["output"])["ResultWriterDetails"]["Key"])["ResultFiles"]
    assert files["FAILED"] == files["PENDING"] == []
    children = [child for file in files["SUCCEEDED"] for child in read(file["Key"])]
    rows = {row["s3_key"]: row for child in children for row in json.loads(child["Output"])["rows"]}
    assert len(children) == -(-many // 40)
    assert rows.keys() == {prefix + name for name in contents}
    bad = {key.removeprefix(prefix): row["error"] for key, row in rows.items() if row["error"]}
    assert bad == dict.fromkeys(("empty.png", "text.jpg", "cut.png"), "InvalidImageError")
    assert {row["classification"] for row in rows.values() if not row["error"]} <= {"bicycle", "motorcycle"}
    assert service.plan() is False


def test_a_transform_job_runs_the_batchs_model(service: Stack, cloud: Any) -> None:
    batch, bucket = service.outputs()["batch"], service.outputs()["arrival"]["uri"].split("/")[2]
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    for name, image in zip(("a.png", "b.png"), pictures(2), strict=True):
        s3.put_object(Bucket=bucket, Key=f"images/few/{name}", Body=image)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/images/few/"}}
    sagemaker.create_transform_job(
        TransformJobName="a-batch-of-two",
        ModelName=batch["model_name"],
        TransformInput={"DataSource": source, "ContentType": "image/png"},
        TransformOutput={"S3OutputPath": f"s3://{bucket}/batches/two/out", "Accept": "application/json"},
        TransformResources={"InstanceType": batch["transform_instance_type"], "InstanceCount": 1},
    )

    def job() -> Any:
        return sagemaker.describe_transform_job(TransformJobName="a-batch-of-two")

    eventually(lambda: job()["TransformJobStatus"] not in ("InProgress", "Stopping"), seconds=120)
    assert job()["TransformJobStatus"] == "Completed", job()
    for name in ("a.png", "b.png"):
        answer = json.loads(s3.get_object(Bucket=bucket, Key=f"batches/two/out/{name}.out")["Body"].read())
        assert sum(answer) == pytest.approx(1, abs=0.01)


def test_a_folder_is_classified_by_either_way_with_the_same_answers(
    service: Stack, project: Environment, tmp_path: Path
) -> None:
    """The second run has nothing to do, and the table names what is no picture."""
    for number, content in enumerate(pictures(5)):
        (tmp_path / f"{number}.png").write_bytes(content)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    tables = {}
    for how in get_args(How):
        run = BatchRun.of(project, str(tmp_path), how, Console(file=StringIO()))
        found = run.classify(str(tmp_path), 0.5).document
        assert (found.images, found.classified, found.passed) == (6, 6, 5)
        assert found.failed == {"InvalidImageError": 1}
        again = run.classify(str(tmp_path), 0.5).document
        assert (again.classified, again.passed, again.cost_usd) == (0, 5, 0)
        with (run.folder / "table.csv").open(newline="") as stream:
            tables[how] = {row["image"]: row for row in csv.DictReader(stream)}
    for name, row in tables["map"].items():
        other = tables["transform"][name]
        assert (row["class"], row["error"], row["passed"]) == (other["class"], other["error"], other["passed"])
        if row["class"]:
            assert float(row["confidence"]) == pytest.approx(float(other["confidence"]), abs=1e-5)


@pytest.mark.parametrize("how", get_args(How))
def test_two_who_start_the_same_batch_at_once_share_one_run(
    service: Stack, project: Environment, cloud: Any, tmp_path: Path, how: How
) -> None:
    """Both have seen that nothing runs when they agree to pay."""
    for number, content in enumerate(pictures(3)):
        (tmp_path / f"{number}.png").write_bytes(content)
    both = threading.Barrier(2, timeout=60)
    runs = [BatchRun.of(project, str(tmp_path), how, Console(file=StringIO())) for _ in range(2)]

    def classify(run: BatchRun) -> Any:
        def agree(plan: Any) -> None:
            both.wait()

        return run.classify(str(tmp_path), 0.5, ask=agree)

    with ThreadPoolExecutor(2) as people:
        found = list(people.map(classify, runs))
    assert [(one.document.images, one.document.passed, one.ended) for one in found] == [(3, 3, None)] * 2
    name, machine = runs[0].batch.name, service.outputs()["batch"]["state_machine_arn"]
    executions = cloud.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    jobs = cloud.client("sagemaker").list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    begun = [one["name"] for one in executions if name in one["name"]] + [one["TransformJobName"] for one in jobs]
    assert [one.rpartition(name)[2] for one in begun] == ["-1"]
