"""The state machine for batches keeps its rules, and the local cloud runs it with a stand-in for its function."""

import csv
import io
import json
import re
import uuid
import zipfile
from pathlib import Path

import pytest

from scones.service import definition
from tests.local.conftest import eventually

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = (ROOT / "asl" / "classify_batch.asl.json").read_text()
STATES = json.loads(TEMPLATE)["States"]
MAPS = {name: state for name, state in STATES.items() if state["Type"] == "Map"}
SINGLE = json.loads((ROOT / "asl" / "classify_image.asl.json").read_text())["States"]
MODULE = (ROOT / "terraform" / "modules" / "batch" / "main.tf").read_text()
# Step Functions Developer Guide, "Choosing workflow type": an Express workflow runs for five minutes.
LONGEST_CHILD = 300
# A function that answers for the images that it is given, or raises what the first key says.
STAND_IN = """
def handler(event, context):
    given, items = event["BatchInput"], event["Items"]
    keys = [item.get("Key") or item["s3_key"] for item in items]
    error = keys[0].rpartition("/")[2]
    if error.endswith("Error"):
        raise type(error, (Exception,), {})("because \\u00e9 {braces}")
    return {"rows": [{"s3_key": key, "given": given, "etag": item.get("etag")} for key, item in zip(keys, items)]}
"""


def rendered(**changes):
    values = {
        "images_a_child": "2",
        "at_most": "2",
        "tolerated_failure_percentage": "5",
        "bucket": "bucket",
        "partition": "aws",
    }
    arn = {"classify_batch_arn": "arn:aws:lambda:us-east-1:123456789012:function:scones-dev-classify-batch"}
    return definition.render(TEMPLATE, values | arn | changes)


def test_both_forms_do_the_same_with_their_items():
    first, second = (
        {k: v for k, v in one.items() if k not in ("Comment", "Label", "ItemReader")} for one in MAPS.values()
    )
    assert first == second


def test_its_children_are_express_and_end_by_themselves_before_step_functions_ends_them():
    for state in MAPS.values():
        assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
        (task,) = [one for one in state["ItemProcessor"]["States"].values() if one["Type"] == "Task"]
        (retrier,) = task["Retry"]
        waits = [retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n for n in range(retrier["MaxAttempts"])]
        tries = (1 + retrier["MaxAttempts"]) * task["TimeoutSeconds"]
        assert tries + sum(min(wait, retrier["MaxDelaySeconds"]) for wait in waits) < LONGEST_CHILD
        assert int(re.search(r"timeout_seconds = (\d+)", MODULE)[1]) < task["TimeoutSeconds"]


def test_what_is_retried_and_what_that_is_called_in_the_end_is_as_for_a_single_image():
    single = SINGLE["Ask the model"]
    for state in MAPS.values():
        task = state["ItemProcessor"]["States"]["Classify some images"]
        assert task["Retry"][0]["ErrorEquals"] == single["Retry"][0]["ErrorEquals"]
        assert [catch["ErrorEquals"] for catch in task["Catch"]] == [catch["ErrorEquals"] for catch in single["Catch"]]
        assert task["Catch"][0]["Next"] == single["Catch"][0]["Next"]


def test_its_placeholders_are_what_the_module_passes():
    passed = re.search(r"templatefile\(var.definition, \{(.*?)\}\)", MODULE, re.DOTALL)[1]
    assert definition.placeholders(TEMPLATE) == set(re.findall(r"^\s+(\w+) +=", passed, re.MULTILINE))


@pytest.fixture(scope="module")
def bucket(cloud):
    name = f"scones-{uuid.uuid4().hex[:12]}"
    cloud.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def machine(cloud, bucket):
    """The state machine as applied, with two images for each child and no second try."""
    tag = uuid.uuid4().hex[:8]
    for role in (f"scones-{tag}", f"scones-{tag}-function"):
        cloud.role(role)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", STAND_IN)
    function = cloud.client("lambda").create_function(
        FunctionName=f"classify-batch-{tag}",
        Runtime="python3.13",
        Role=f"arn:aws:iam::123456789012:role/scones-{tag}-function",
        Handler="handler.handler",
        Code={"ZipFile": buffer.getvalue()},
    )
    machine = json.loads(rendered(bucket=bucket, classify_batch_arn=function["FunctionArn"]))
    for state in machine["States"].values():
        if state["Type"] == "Map":
            for inner in state["ItemProcessor"]["States"].values():
                inner.pop("Retry", None)
    return cloud.client("stepfunctions").create_state_machine(
        name=f"classify-batch-{tag}",
        definition=json.dumps(machine),
        roleArn=f"arn:aws:iam::123456789012:role/scones-{tag}",
    )["stateMachineArn"]


@pytest.fixture
def run(cloud, machine):
    """A function that executes an input to its end, and returns the execution as Step Functions describes it."""

    def run(given, **options):
        sfn = cloud.client("stepfunctions")
        arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps(given), **options)["executionArn"]
        eventually(lambda: sfn.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds=60)
        return sfn.describe_execution(executionArn=arn)

    return run


@pytest.fixture
def put(cloud, bucket):
    """A function that stores small objects under a prefix of their own, and returns the prefix."""

    def put(*names):
        prefix = f"{uuid.uuid4().hex[:8]}/"
        for name in names:
            cloud.client("s3").put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=b"x")
        return prefix

    return put


def results(cloud, bucket, found, kind="SUCCEEDED"):
    """The children's entries in the result files of an execution, by ResultWriter's manifest."""
    key = json.loads(found["output"])["ResultWriterDetails"]["Key"]
    s3 = cloud.client("s3")

    def read(key):
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    return key, [entry for file in read(key)["ResultFiles"][kind] for entry in read(file["Key"])]


def rows(entries):
    return [row for entry in entries for row in json.loads(entry["Output"])["rows"]]


def test_a_prefixs_objects_have_rows_under_the_batchs_name(cloud, bucket, run, put):
    prefix = put("a.png", "b.png", "c.png")
    found = run({"bucket": bucket, "prefix": prefix, "batch": "monday", "confidence_threshold": 0.7})
    key, entries = results(cloud, bucket, found)
    assert re.fullmatch(r"batches/monday/results/[0-9a-f-]{36}/manifest\.json", key)
    assert [row["s3_key"] for row in rows(entries)] == [f"{prefix}{name}.png" for name in "abc"]
    assert {json.dumps(row["given"], sort_keys=True) for row in rows(entries)} == {
        json.dumps({"batch": "monday", "bucket": bucket, "confidence_threshold": 0.7})
    }


def test_a_manifests_rows_are_taken_literally_and_the_batch_has_the_executions_name(cloud, bucket, run, put):
    text = io.StringIO()
    keys = ['comma, and "quotes".png', "ünder score+%20.png", "line.png"]
    csv.writer(text).writerows([["s3_bucket", "s3_key", "etag"], *([bucket, key, "e"] for key in keys)])
    manifest = {"bucket": bucket, "key": f"batches/{uuid.uuid4().hex}/manifest-1.csv"}
    cloud.client("s3").put_object(Bucket=bucket, Key=manifest["key"], Body=text.getvalue().encode())
    name = f"run-{uuid.uuid4().hex[:8]}"
    key, entries = results(cloud, bucket, run({"manifest": manifest}, name=name))
    assert key.startswith(f"batches/{name}/results/")
    assert [row["s3_key"] for row in rows(entries)] == keys
    assert {(row["etag"], row["given"]["bucket"], row["given"]["confidence_threshold"]) for row in rows(entries)} == {
        ("e", None, None)
    }


def test_a_child_that_aws_gave_no_answer_is_told_in_the_functions_words_and_the_others_go_on(cloud, bucket, run, put):
    prefix = put("EndpointUnavailableError", "b.png", "c.png", "d.png")
    found = run({"bucket": bucket, "prefix": prefix, "tolerated_failure_percentage": 50, "at_most": 1})
    _, (failed,) = results(cloud, bucket, found, "FAILED")
    assert (failed["Error"], failed["Cause"]) == ("EndpointUnavailableError", "because é {braces}")
    assert [item["Key"] for item in json.loads(failed["Input"])["Items"]] == [
        f"{prefix}EndpointUnavailableError",
        f"{prefix}b.png",
    ]
    assert len(rows(results(cloud, bucket, found)[1])) == 2


def test_a_batch_of_which_too_much_failed_fails(bucket, run, put):
    found = run({"bucket": bucket, "prefix": put("EndpointUnavailableError", "b.png")})
    assert (found["status"], found["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")


@pytest.mark.parametrize(
    "given", [{}, {"prefix": "images/"}, {"bucket": 5}, {"manifest": {"bucket": "b"}}, []], ids=str
)
def test_an_input_that_names_no_images_says_how_to_name_them(run, given):
    found = run(given)
    assert (found["status"], found["error"]) == ("FAILED", "InvalidInputError")
    assert 'give {"bucket": "BUCKET", "prefix": "PREFIX"}' in found["cause"]


@pytest.mark.parametrize("name", ["a/b", "", 5, "x" * 81, ".."])
def test_a_name_that_could_leave_the_batchs_folder_is_refused(bucket, run, name):
    found = run({"bucket": bucket, "prefix": "none/", "batch": name})
    assert (found["status"], found["error"]) == ("FAILED", "InvalidInputError")
    assert f"batch is {name}, not a name of up to 80" in found["cause"]
