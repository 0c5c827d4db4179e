"""Event source mappings: functions get the messages of queues, as AWS documents (lambda_/sources)."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.beacon import Beacon

from .conftest import eventually, package

ACCOUNT, REGION = "123456789012", "us-east-1"
numbers = itertools.count(1)
#: Tells each event, and then ends as the test wants.
RECORDING = """
import json, time
{tell}
def handler(event, context):
    tell({name!r}, json.dumps([event, context.invoked_function_arn]))
    records = event["Records"]
    bodies = [record["body"] for record in records]
    {end}
"""
REPORTING = "return {'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in records if r['body'] == 'bad']}"


class Mapped:
    """A queue that is mapped to a function."""

    def __init__(self, cloud: Any, url: str, arn: str, calls: Callable[[], list[str]], uuid: str) -> None:
        self.sqs, self.functions = cloud.client("sqs"), cloud.client("lambda")
        self.cloudwatch = cloud.client("cloudwatch")
        self.url, self.arn, self._calls, self.uuid = url, arn, calls, uuid

    def send(self, *bodies: str, **given: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **given)

    def events(self) -> list[dict[str, Any]]:
        return [event for event, _ in self._lines()]

    def arns(self) -> list[str]:
        return [arn for _, arn in self._lines()]

    def bodies(self) -> list[list[str]]:
        """The messages of each invocation."""
        return [[record["body"] for record in event["Records"]] for event in self.events()]

    def left(self) -> int:
        """How many messages the queue has, in flight or not."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def state(self) -> str:
        return self.functions.get_event_source_mapping(UUID=self.uuid)["State"]

    def _lines(self) -> list[Any]:
        return [json.loads(line) for line in self._calls()]


def make_queue(cloud: Any, name: str = "", **attributes: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    name = name or f"tests-mapped-{next(numbers)}"
    url = cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


@pytest.fixture
def mapped(cloud: Any, function: Any, told: Beacon) -> Any:
    """Maps a new queue to a new function: ``mapped("raise ValueError('x')", {"VisibilityTimeout": "1"})``."""
    made = []

    def make(end: str = "return None", attributes: dict[str, str] | None = None, **given: Any) -> Mapped:
        attributes = attributes or {}
        name = f"tests-mapped-{next(numbers)}{'.fifo' if 'FifoQueue' in attributes else ''}"
        url, arn = make_queue(cloud, name, **attributes)
        code = RECORDING.format(tell=told.code, name=name, end=end)
        function_arn = given.pop("FunctionName", None) or function(code, Timeout=3)
        mapping = cloud.client("lambda").create_event_source_mapping(
            EventSourceArn=arn, FunctionName=function_arn, **given
        )
        assert mapping["State"] == "Creating"
        found = Mapped(cloud, url, arn, partial(told.heard, name), mapping["UUID"])
        made.append(found)
        eventually(lambda: found.state() in ("Enabled", "Disabled"))
        return found

    yield make
    for one in made:
        try:
            one.functions.delete_event_source_mapping(UUID=one.uuid)
        except one.functions.exceptions.ResourceNotFoundException:
            continue


def dead_letters(cloud: Any, most: int = 2, *, fifo: bool = False) -> tuple[str, dict[str, str]]:
    """A dead-letter queue's URL, and the attributes of a queue that has it."""
    kind = {"FifoQueue": "true"} if fifo else {}
    url, arn = make_queue(cloud, f"tests-dead-{next(numbers)}{'.fifo' if fifo else ''}", **kind)
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": most})
    return url, {"VisibilityTimeout": "1", "RedrivePolicy": policy, **kind}


def received(cloud: Any, url: str) -> list[dict[str, Any]]:
    return cloud.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10, MessageSystemAttributeNames=["All"]
    )["Messages"]


def test_the_function_gets_the_whole_record_and_the_message_goes(mapped: Any) -> None:
    queue = mapped()
    given = {
        "kind": {"DataType": "String", "StringValue": "photo"},
        "mask": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    queue.send("hello", MessageAttributes=given)
    eventually(queue.events)
    ((record,),) = [event["Records"] for event in queue.events()]
    assert record["body"] == "hello"
    assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", queue.arn, REGION)
    lists = {"stringListValues": [], "binaryListValues": []}
    assert record["messageAttributes"] == {
        "kind": {"stringValue": "photo", "dataType": "String", **lists},
        "mask": {"binaryValue": "AP8=", "dataType": "Binary", **lists},
    }
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    names = {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert record["attributes"].keys() == names
    assert record["messageId"]
    assert record["receiptHandle"]
    eventually(lambda: queue.left() == 0)


def test_a_thrown_error_leaves_the_batch_until_it_goes_to_the_dead_letter_queue(cloud: Any, mapped: Any) -> None:
    dead, attributes = dead_letters(cloud)
    queue = mapped("raise ValueError('x')", attributes)
    queue.send("boom")
    (message,) = received(cloud, dead)
    counts = [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in queue.events()]
    assert (message["Body"], counts, queue.left()) == ("boom", ["1", "2"], 0)
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == queue.arn
    assert message["Attributes"]["ApproximateReceiveCount"] == "3"


def test_only_the_reported_messages_come_back(cloud: Any, mapped: Any) -> None:
    dead, attributes = dead_letters(cloud)
    queue = mapped(REPORTING, attributes, FunctionResponseTypes=["ReportBatchItemFailures"])
    entries = [{"Id": body, "MessageBody": body} for body in ("good", "bad", "fine")]
    queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [message["Body"] for message in received(cloud, dead)] == ["bad"]
    assert sorted(itertools.chain(*queue.bodies())) == ["bad", "bad", "fine", "good"]
    assert queue.left() == 0


def test_an_invalid_report_fails_the_whole_batch(cloud: Any, mapped: Any) -> None:
    dead, attributes = dead_letters(cloud, most=1)
    end = "return {'batchItemFailures': [{'itemIdentifier': 'other'}]}"
    queue = mapped(end, attributes, FunctionResponseTypes=["ReportBatchItemFailures"])
    queue.send("good")
    assert [message["Body"] for message in received(cloud, dead)] == ["good"]


def test_a_filter_keeps_what_matches_and_deletes_the_rest(mapped: Any) -> None:
    pattern = json.dumps({"body": {"kind": ["x"], "size": [{"numeric": [">", 3]}]}})
    queue = mapped(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    queue.send(json.dumps({"kind": "x", "size": 3}), json.dumps({"kind": "y", "size": 4}), "x")
    queue.send(json.dumps({"kind": "x", "size": 4}))
    eventually(queue.events)
    eventually(lambda: queue.left() == 0)
    assert queue.bodies() == [['{"kind": "x", "size": 4}']]


def test_a_batching_window_gathers_what_comes_one_by_one(mapped: Any) -> None:
    queue = mapped(BatchSize=3, MaximumBatchingWindowInSeconds=20)
    queue.send("a", "b", "c")
    eventually(queue.events)
    assert queue.bodies() == [["a", "b", "c"]]


def test_a_failing_message_blocks_its_group_only(mapped: Any, told: Beacon) -> None:
    end = "if bodies == ['a1'] and not lit('again'):\n        raise ValueError('x')"
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "1", "ContentBasedDeduplication": "true"}
    queue = mapped(end, attributes, BatchSize=1)
    queue.send("a1", "a2", MessageGroupId="a")
    queue.send("b1", "b2", MessageGroupId="b")
    eventually(lambda: len([body for (body,) in queue.bodies() if body == "a1"]) == 2)
    assert ["a2"] not in queue.bodies()
    told.light("again")
    eventually(lambda: queue.left() == 0)
    # A message that is not answered within its second of invisibility comes again: on a slow machine, too.
    bodies = dict.fromkeys(body for (body,) in queue.bodies())
    assert [body for body in bodies if body in ("b1", "b2", "a2")] == ["b1", "b2", "a2"]
    names = {"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"}
    assert names <= queue.events()[0]["Records"][0]["attributes"].keys()


def test_a_fifo_queues_poison_message_goes_to_the_dead_letter_queue_and_its_group_goes_on(
    cloud: Any, mapped: Any
) -> None:
    dead, attributes = dead_letters(cloud, fifo=True)
    end = "assert bodies != ['bad']"
    queue = mapped(end, {**attributes, "ContentBasedDeduplication": "true"}, BatchSize=1)
    queue.send("bad", "next", MessageGroupId="a")
    assert [message["Body"] for message in received(cloud, dead)] == ["bad"]
    eventually(lambda: queue.left() == 0)
    assert queue.bodies() == [["bad"], ["bad"], ["next"]]


def test_no_more_batches_run_at_once_than_the_mapping_allows(mapped: Any, told: Beacon) -> None:
    end = "begun = time.time()\n    time.sleep(0.3)\n    tell('spans', f'{begun} {time.time()}')"
    queue = mapped(end, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    queue.send(*"abcdef")
    eventually(lambda: len(told.heard("spans")) == 6)
    found = [tuple(map(float, line.split())) for line in told.heard("spans")]
    assert max(sum(begin <= when < end for begin, end in found) for when, _ in found) <= 2


def test_a_delayed_message_comes_when_its_delay_is_over(mapped: Any) -> None:
    queue = mapped()
    begun = time.time()
    queue.send("late", DelaySeconds=1)
    eventually(queue.events)
    assert time.time() - begun >= 1


def test_a_disabled_mapping_leaves_the_messages_and_goes_on_when_it_is_enabled(mapped: Any) -> None:
    queue = mapped(Enabled=False)
    assert queue.state() == "Disabled"
    queue.send("kept")
    assert queue.functions.update_event_source_mapping(UUID=queue.uuid, Enabled=True)["State"] == "Enabling"
    eventually(queue.events)
    assert queue.state() == "Enabled"
    assert queue.functions.update_event_source_mapping(UUID=queue.uuid, Enabled=False)["State"] == "Disabling"
    eventually(lambda: queue.state() == "Disabled")
    queue.send("more")
    assert queue.functions.update_event_source_mapping(UUID=queue.uuid, BatchSize=5)["BatchSize"] == 5
    assert queue.functions.delete_event_source_mapping(UUID=queue.uuid)["State"] == "Deleting"
    with pytest.raises(ClientError, match="The resource you requested does not exist"):
        eventually(lambda: queue.state() != "Deleting" and None)
    assert queue.left() == 1


def test_a_mapping_follows_its_functions_alias(cloud: Any, mapped: Any, function: Any, told: Beacon) -> None:
    functions, code = cloud.client("lambda"), partial(RECORDING.format, tell=told.code, end="return None")
    arn = function(code(name="first"), Timeout=3)
    name = arn.rpartition(":")[2]
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    queue = mapped(FunctionName=f"{arn}:live")
    found = functions.list_event_source_mappings(FunctionName=f"{name}:live")["EventSourceMappings"]
    assert [one["FunctionArn"] for one in found] == [f"{arn}:live"]
    queue.send("one")
    eventually(lambda: told.heard("first"))
    functions.update_function_code(FunctionName=name, ZipFile=package(code(name="second")), Publish=True)
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    queue.send("two")
    (call,) = eventually(lambda: told.heard("second"))
    assert json.loads(call)[1] == f"{arn}:live"


def test_a_function_without_concurrency_leaves_the_messages_uncounted(mapped: Any) -> None:
    queue = mapped()
    name = queue.functions.get_event_source_mapping(UUID=queue.uuid)["FunctionArn"].rpartition(":")[2]
    queue.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    queue.send("waits")
    queue.functions.delete_function_concurrency(FunctionName=name)
    eventually(queue.events)
    assert queue.events()[0]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"


def test_a_throttled_batch_is_tried_again_and_counts_once(mapped: Any, told: Beacon) -> None:
    end = "while bodies == ['busy'] and not lit('enough'): time.sleep(0.05)"
    queue = mapped(end, BatchSize=1)
    name = queue.functions.get_event_source_mapping(UUID=queue.uuid)["FunctionArn"].rpartition(":")[2]
    queue.functions.update_function_configuration(FunctionName=name, Timeout=20)
    queue.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    busy = json.dumps({"Records": [{"body": "busy"}]})
    with ThreadPoolExecutor(1) as caller:
        called = caller.submit(queue.functions.invoke, FunctionName=name, Payload=busy)
        eventually(queue.events)
        queue.send("waits")
        eventually(lambda: throttles(queue, name))
        told.light("enough")
        assert called.result()["StatusCode"] == 200
    eventually(lambda: len(queue.events()) == 2)
    assert queue.events()[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"


def throttles(queue: Mapped, name: str) -> float:
    found = queue.cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=time.time() - 600,
        EndTime=time.time() + 60,
        Period=60,
        Statistics=["Sum"],
    )
    return sum(one["Sum"] for one in found["Datapoints"])


def test_a_window_ends_before_its_messages_come_back(mapped: Any) -> None:
    queue = mapped("return None", {"VisibilityTimeout": "2"}, BatchSize=10, MaximumBatchingWindowInSeconds=60)
    queue.send("a", "b")
    eventually(queue.events)
    assert queue.bodies()[0] == ["a", "b"]


def test_a_deleted_queue_is_named_and_one_of_the_same_name_takes_its_place(cloud: Any, mapped: Any) -> None:
    queue = mapped()
    queue.sqs.delete_queue(QueueUrl=queue.url)

    def result() -> str | None:
        return queue.functions.get_event_source_mapping(UUID=queue.uuid).get("LastProcessingResult")

    eventually(lambda: result() == "PROBLEM: the queue does not exist")
    make_queue(cloud, queue.arn.rpartition(":")[2])
    eventually(lambda: result() is None)
    queue.send("again")
    eventually(queue.events)


def test_no_message_is_lost_while_others_are_sent_and_deleted(mapped: Any) -> None:
    queue = mapped()
    bodies = [str(number) for number in range(60)]
    with ThreadPoolExecutor(4) as senders:
        list(senders.map(queue.send, bodies))
    eventually(lambda: queue.left() == 0)
    assert sorted(itertools.chain(*queue.bodies()), key=int) == bodies


def test_a_role_needs_permissions_on_the_queue(cloud: Any, mapped: Any, function: Any) -> None:
    iam, functions = cloud.client("iam"), cloud.client("lambda")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="tests-queues", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    _, arn = make_queue(cloud)
    name = function("def handler(event, context): pass", Role=role, Timeout=3)
    for allowed, missing in (((), "ReceiveMessage"), (("ReceiveMessage",), "DeleteMessage")):
        actions = [f"sqs:{one}" for one in allowed] or ["logs:*"]
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName="tests-queues", PolicyName="a", PolicyDocument=policy)
        words = f"The provided execution role does not have permissions to call {missing} on SQS"
        with pytest.raises(ClientError, match=words) as refused:
            functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


REFUSED = [
    ({"EventSourceArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"}, "not of Kinesis streams"),
    ({"EventSourceArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/stream/1"}, "not of DynamoDB streams"),
    ({"EventSourceArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/1"}, "not of Amazon MSK clusters"),
    ({"EventSourceArn": f"arn:aws:mq:{REGION}:{ACCOUNT}:broker:b:b-1"}, "not of Amazon MQ brokers"),
    ({"EventSourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:c"}, "not of Amazon DocumentDB clusters"),
    (
        {"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b:9092"]}}},
        "not of self-managed Apache Kafka clusters",
    ),
    ({"EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:none"}, "The specified queue does not exist"),
    ({"FunctionName": "none"}, "Function does not exist"),
    ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater"),
    ({"StartingPosition": "LATEST"}, "Unsupported StartingPosition parameter"),
    (
        {"DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}}},
        "Unsupported DestinationConfig",
    ),
    ({"ProvisionedPollerConfig": {"MinimumPollers": 2}}, "does not carry out ProvisionedPollerConfig"),
    ({"MetricsConfig": {"Metrics": ["EventCount"]}}, "does not carry out MetricsConfig"),
    ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Invalid filter pattern definition"),
    ({"FilterCriteria": {"Filters": [{"Pattern": '{"body": "x"}'}]}}, "Invalid filter pattern definition"),
    ({"FilterCriteria": {"Filters": [{"Pattern": '{"body": [{"like": "x"}]}'}]}}, "Invalid filter pattern definition"),
]


def test_what_cannot_be_mapped_is_refused_by_name(cloud: Any, function: Any) -> None:
    functions = cloud.client("lambda")
    _, arn = make_queue(cloud)
    name = function("def handler(event, context): pass", Timeout=3)
    for given, words in REFUSED:
        asked = {"EventSourceArn": arn, "FunctionName": name, **given}
        if "SelfManagedEventSource" in given:
            del asked["EventSourceArn"]
        with pytest.raises(ClientError, match=words) as refused:
            functions.create_event_source_mapping(**asked)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException", given
    assert functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"] == []


def test_a_slow_function_needs_a_longer_visibility_timeout(cloud: Any, function: Any) -> None:
    _, arn = make_queue(cloud, VisibilityTimeout="30")
    name = function("def handler(event, context): pass", Timeout=60)
    words = "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    with pytest.raises(ClientError, match=words):
        cloud.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=name)


def test_a_queue_is_mapped_to_a_function_once(mapped: Any) -> None:
    queue = mapped(Tags={"team": "vision"})
    found = queue.functions.get_event_source_mapping(UUID=queue.uuid)
    with pytest.raises(ClientError, match=f"update or delete the existing mapping with UUID {queue.uuid}") as refused:
        queue.functions.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName=found["FunctionArn"])
    assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
    arn = found["EventSourceMappingArn"]
    queue.functions.tag_resource(Resource=arn, Tags={"stage": "test"})
    queue.functions.untag_resource(Resource=arn, TagKeys=["team"])
    assert queue.functions.list_tags(Resource=arn)["Tags"] == {"stage": "test"}
