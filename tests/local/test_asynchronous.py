"""Asynchronous invocations: what is accepted runs, is tried again, and leaves what AWS documents."""

from __future__ import annotations

import datetime
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import eventually, package, sending_policy

FAILS = "def handler(event, context):\n    raise ValueError('always')\n"
COUNTS = (
    "import boto3\n"
    "sqs = boto3.client('sqs')\n"
    "def handler(event, context):\n"
    "    body = context.aws_request_id + ' ' + context.invoked_function_arn.split(':function:')[1]\n"
    "    sqs.send_message(QueueUrl=event['queue'], MessageBody=body + ' ' + context.function_version)\n"
    "    if event.get('fail'): raise ValueError('on purpose')\n"
    "    return {'seen': True}\n"
)
numbers = itertools.count(1)


@pytest.fixture
def queue(cloud):
    """Makes a queue, and returns its URL and its ARN."""

    def make(**attributes: str) -> tuple[str, str]:
        name = f"tests-later-{next(numbers)}" + (".fifo" if attributes else "")
        url = cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"

    yield make
    there = cloud.client("sqs").list_queues(QueueNamePrefix="tests-later-").get("QueueUrls", [])
    for url in there:
        cloud.client("sqs").delete_queue(QueueUrl=url)


def messages(cloud: Any, url: str, count: int) -> list[dict[str, Any]]:
    """The messages of a queue, when there are as many."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        answer = cloud.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=600
        )
        found.extend(answer.get("Messages", []))
        return len(found) >= count

    eventually(there)
    return found


def send(cloud: Any, arn: str, payload: Any, **options: Any) -> str:
    """Send an event, and return the id of the request."""
    given = payload if isinstance(payload, bytes) else json.dumps(payload)
    answer = cloud.client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=given, **options)
    assert answer["StatusCode"] == 202
    return answer["ResponseMetadata"]["RequestId"]


def total(cloud: Any, arn: str, metric: str, **dimensions: str) -> float:
    now = datetime.datetime.now(datetime.UTC)
    given = {"FunctionName": arn.split(":")[6], **dimensions}
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in given.items()],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in found)


def configure(cloud: Any, arn: str, **given: Any) -> dict[str, Any]:
    sides = {side: {"Destination": given.pop(side)} for side in ("OnSuccess", "OnFailure") if side in given}
    return cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=arn, **given, **({"DestinationConfig": sides} if sides else {})
    )


def test_a_function_that_fails_runs_three_times_and_its_event_goes_to_both_targets(cloud, function, queue):
    runs, dead, failed = queue(), queue(), queue()
    arn = function(COUNTS, DeadLetterConfig={"TargetArn": dead[1]})
    configure(cloud, arn, OnFailure=failed[1])
    payload = json.dumps({"queue": runs[0], "fail": 1}, separators=(" , ", " :  "))
    request = send(cloud, arn, payload.encode())

    (letter,) = messages(cloud, dead[0], 1)
    assert letter["Body"] == payload  # as it was sent
    seen = [one["Body"].split() for one in messages(cloud, runs[0], 3)]
    assert len(seen) == 3
    assert {one for one, *_ in seen} == {request}
    attributes = {name: one["StringValue"] for name, one in letter["MessageAttributes"].items()}
    assert attributes == {"RequestID": request, "ErrorCode": "200", "ErrorMessage": "on purpose"}
    assert letter["MessageAttributes"]["ErrorCode"]["DataType"] == "Number"

    record = json.loads(messages(cloud, failed[0], 1)[0]["Body"])
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request,
        "functionArn": f"{arn}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == json.loads(payload)
    expected = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responseContext"] == expected
    assert record["responsePayload"]["errorMessage"] == "on purpose"
    counted = {name: total(cloud, arn, name) for name in ("AsyncEventsReceived", "AsyncEventsDropped", "Errors")}
    assert counted == {"AsyncEventsReceived": 1, "AsyncEventsDropped": 1, "Errors": 3}


@pytest.mark.parametrize("kind", ["topic", "function", "bus"])
def test_a_success_is_recorded_at_every_kind_of_destination(cloud, function, queue, kind):
    runs, heard = queue(), queue()
    arn, name = function(COUNTS), f"tests-later-{kind}"
    policy = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": heard[1]}
    cloud.client("sqs").set_queue_attributes(
        QueueUrl=heard[0], Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [policy]})}
    )
    if kind == "topic":
        target = cloud.client("sns").create_topic(Name=name)["TopicArn"]
        cloud.client("sns").subscribe(
            TopicArn=target, Protocol="sqs", Endpoint=heard[1], Attributes={"RawMessageDelivery": "true"}
        )
    elif kind == "function":
        target = function(
            "import boto3, json\n"
            "def handler(event, context):\n"
            f"    boto3.client('sqs').send_message(QueueUrl='{heard[0]}', MessageBody=json.dumps(event))\n"
        )
    else:
        events = cloud.client("events")
        target = events.create_event_bus(Name=name)["EventBusArn"]
        pattern = {"source": ["lambda"], "detail-type": ["Lambda Function Invocation Result - Success"]}
        events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": heard[1]}])
    configure(cloud, arn, OnSuccess=target)
    send(cloud, arn, {"queue": runs[0]})
    found = json.loads(messages(cloud, heard[0], 1)[0]["Body"])
    if kind == "bus":
        assert found["resources"] == [f"{arn}:$LATEST", target]
        found = found["detail"]
    assert (found["requestContext"]["condition"], found["responsePayload"]) == ("Success", {"seen": True})
    assert "functionError" not in found["responseContext"]


def test_a_bucket_takes_the_records_of_failures(cloud, function):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tests-later-failures")
    arn = function(FAILS)
    configure(cloud, arn, MaximumRetryAttempts=0, OnFailure="arn:aws:s3:::tests-later-failures")
    send(cloud, arn, {})
    (found,) = eventually(lambda: s3.list_objects_v2(Bucket="tests-later-failures").get("Contents"))
    assert found["Key"].startswith(f"aws/lambda/async/{arn.split(':')[6]}/20")
    record = json.loads(s3.get_object(Bucket="tests-later-failures", Key=found["Key"])["Body"].read())
    assert record["requestContext"]["condition"] == "RetriesExhausted"


def test_an_alias_has_a_configuration_of_its_own_also_for_events_of_a_rule(cloud, function, queue):
    runs, failed, other = queue(), queue(), queue()
    client, arn = cloud.client("lambda"), function(COUNTS)
    client.publish_version(FunctionName=arn)
    alias = client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")["AliasArn"]
    configure(cloud, alias, MaximumRetryAttempts=0, OnFailure=failed[1])
    configure(cloud, arn, MaximumRetryAttempts=1, OnFailure=other[1])
    client.add_permission(
        FunctionName=alias, StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    events = cloud.client("events")
    events.put_rule(Name="tests-later-alias", EventPattern=json.dumps({"source": ["tests.later"]}))
    given = json.dumps({"queue": runs[0], "fail": 1})
    events.put_targets(Rule="tests-later-alias", Targets=[{"Id": "alias", "Arn": alias, "Input": given}])
    events.put_events(Entries=[{"Source": "tests.later", "DetailType": "t", "Detail": "{}"}])
    record = json.loads(messages(cloud, failed[0], 1)[0]["Body"])
    assert record["requestContext"]["functionArn"] == alias
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"]["executedVersion"] == "1"
    assert messages(cloud, runs[0], 1)[0]["Body"].split()[1:] == [f"{arn.split(':')[6]}:live", "1"]
    listed = client.list_function_event_invoke_configs(FunctionName=arn)["FunctionEventInvokeConfigs"]
    assert [one["FunctionArn"] for one in listed] == [f"{arn}:$LATEST", alias]
    client.delete_alias(FunctionName=arn, Name="live")
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        client.get_function_event_invoke_config(FunctionName=arn, Qualifier="live")


def test_an_event_that_waits_is_run_by_what_the_function_is_then(cloud, function, queue):
    runs, done = queue(), queue()
    arn = function(COUNTS)
    configure(cloud, arn, OnSuccess=done[1])
    send(cloud, arn, {"queue": runs[0], "fail": 1})
    messages(cloud, runs[0], 1)
    cloud.client("lambda").update_function_code(
        FunctionName=arn, ZipFile=package("def handler(event, context):\n    return 'mended'\n")
    )
    record = json.loads(messages(cloud, done[0], 1)[0]["Body"])
    assert record["responsePayload"] == "mended"
    assert record["requestContext"]["approximateInvokeCount"] >= 2


def test_an_event_is_not_older_than_its_configuration_allows(cloud, function, queue):
    """On AWS, the second run would come after a minute."""
    runs, failed = queue(), queue()
    arn = function(COUNTS)
    configure(cloud, arn, MaximumEventAgeInSeconds=60, OnFailure=failed[1])
    send(cloud, arn, {"queue": runs[0], "fail": 1})
    context = json.loads(messages(cloud, failed[0], 1)[0]["Body"])["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 1)


def test_without_concurrency_nothing_runs_and_everything_goes_to_the_targets(cloud, function, queue):
    runs, dead, failed = queue(), queue(), queue()
    arn = function(COUNTS, DeadLetterConfig={"TargetArn": dead[1]})
    configure(cloud, arn, OnFailure=failed[1])
    cloud.client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    send(cloud, arn, {"queue": runs[0]})
    record = json.loads(messages(cloud, failed[0], 1)[0]["Body"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert "responsePayload" not in record
    assert messages(cloud, dead[0], 1)[0]["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"
    assert total(cloud, arn, "Invocations") == 0


WAITS = """
import boto3
s3 = boto3.client("s3")
def handler(event, context):
    while event.get("wait") and context.get_remaining_time_in_millis() > 1000:
        if s3.list_objects_v2(Bucket=event["wait"])["KeyCount"]:
            return "done"
    boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody=event["me"])
"""


def test_events_wait_for_a_function_that_is_throttled(cloud, function, queue):
    """A call that runs has the only concurrency. The events are throttled, and run one by one when it has ended."""
    runs, bucket = queue(), "tests-later-throttled"
    cloud.client("s3").create_bucket(Bucket=bucket)
    arn = function(WAITS)
    cloud.client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as other:
        call = other.submit(
            cloud.client("lambda").invoke, FunctionName=arn, Payload=json.dumps({"wait": bucket, "me": "first"})
        )
        eventually(lambda: cloud.client("s3").list_buckets() and not call.done())
        for number in range(3):
            send(cloud, arn, {"queue": runs[0], "me": str(number)})
        eventually(lambda: total(cloud, arn, "Throttles") > 0)
        cloud.client("s3").put_object(Bucket=bucket, Key="go")
        assert json.load(call.result()["Payload"]) == "done"
    assert sorted(one["Body"] for one in messages(cloud, runs[0], 3)) == ["0", "1", "2"]


def test_what_cannot_be_sent_is_counted(cloud, function, queue):
    runs, dead, failed = queue(), queue(), queue()
    arn = function(COUNTS, DeadLetterConfig={"TargetArn": dead[1]})
    configure(cloud, arn, MaximumRetryAttempts=0, OnFailure=failed[1])
    for url, _ in (dead, failed):
        cloud.client("sqs").delete_queue(QueueUrl=url)
    send(cloud, arn, {"queue": runs[0], "fail": 1})
    eventually(lambda: total(cloud, arn, "DeadLetterErrors") == 1)
    eventually(lambda: total(cloud, arn, "DestinationDeliveryFailures") == 1)


def test_a_role_must_be_allowed_to_send(cloud, function, queue):
    dead = queue()
    logs_only = cloud.role("tests-later-logs-only", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    arn = function(FAILS, Role=logs_only)
    with pytest.raises(ClientError, match="execution role does not have permissions to call SendMessage on arn:aws"):
        configure(cloud, arn, OnSuccess=dead[1])
    refused = pytest.raises(ClientError, match="execution role does not have permissions to call SendMessage on SQS")
    with refused:
        function(FAILS, Role=logs_only, DeadLetterConfig={"TargetArn": dead[1]})
    with refused:
        cloud.client("lambda").update_function_configuration(FunctionName=arn, DeadLetterConfig={"TargetArn": dead[1]})
    open_to_all = sending_policy(dead[1], "lambda").replace('{"Service": ["lambda.amazonaws.com"]}', '"*"')
    cloud.client("sqs").set_queue_attributes(QueueUrl=dead[0], Attributes={"Policy": open_to_all})
    with refused:
        cloud.client("lambda").update_function_configuration(FunctionName=arn, DeadLetterConfig={"TargetArn": dead[1]})
    with pytest.raises(ClientError, match="execution role does not have permissions to call SendMessage on arn:aws"):
        configure(cloud, arn, OnFailure=dead[1])
    lettered = function(FAILS, DeadLetterConfig={"TargetArn": dead[1]})
    with refused:
        cloud.client("lambda").update_function_configuration(FunctionName=lettered, Role=logs_only)


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_a_dead_letter_target_that_does_not_exist_is_refused_and_changes_nothing(cloud, function, service):
    client, arn = cloud.client("lambda"), function(FAILS)
    gone = {"TargetArn": f"arn:aws:{service}:us-east-1:123456789012:tests-no-such-target"}
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"tests-no-such-target does not exist"):
        client.update_function_configuration(FunctionName=arn, DeadLetterConfig=gone, Timeout=9)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"tests-no-such-target does not exist"):
        function(FAILS, FunctionName="tests-lost-letters", DeadLetterConfig=gone)
    found = client.get_function_configuration(FunctionName=arn)
    assert "DeadLetterConfig" not in found
    assert found["Timeout"] != 9
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="tests-lost-letters")


def test_a_dead_letter_queue_is_removed_and_a_version_keeps_its_own(cloud, function, queue):
    client, dead = cloud.client("lambda"), queue()
    arn = function(FAILS, DeadLetterConfig={"TargetArn": dead[1]})
    version = client.publish_version(FunctionName=arn)["Version"]
    client.update_function_configuration(FunctionName=arn, DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in client.get_function_configuration(FunctionName=arn)
    kept = client.get_function_configuration(FunctionName=arn, Qualifier=version)
    assert kept["DeadLetterConfig"] == {"TargetArn": dead[1]}


SQS = "arn:aws:sqs:us-east-1:123456789012:tests-no-such-queue"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({}, "InvalidParameterValueException", "at least one of error handling or destination setting"),
        ({"OnSuccess": SQS}, "InvalidParameterValueException", f"The destination ARN {SQS} is invalid"),
        ({"OnFailure": "arn:aws:s3:::tests-no-such-bucket"}, "InvalidParameterValueException", "is invalid"),
        ({"OnSuccess": "arn:aws:s3:::any"}, "InvalidParameterValueException", "provided destination config"),
        ({"OnSuccess": "arn:aws:dynamodb:us-east-1:123456789012:table/t"}, "InvalidParameterValueException", "config"),
        ({"OnFailure": "nowhere"}, "ValidationException", "destinationConfig.onFailure.destination"),
        (
            {"Qualifier": "missing", "MaximumRetryAttempts": 1},
            "ResourceNotFoundException",
            "The function doesn't exist",
        ),
        ({"MaximumRetryAttempts": 3}, "ValidationException", "less than or equal to 2"),
        ({"MaximumEventAgeInSeconds": 21_601}, "ValidationException", "less than or equal to 21600"),
    ],
)
def test_configurations_that_aws_refuses_are_refused_and_change_nothing(cloud, function, given, code, said):
    arn = function(FAILS)
    with pytest.raises(ClientError, match=said) as refused:
        configure(cloud, arn, **given)
    assert refused.value.response["Error"]["Code"] == code
    listed = cloud.client("lambda").list_function_event_invoke_configs(FunctionName=arn)
    assert listed["FunctionEventInvokeConfigs"] == []


def test_a_function_and_what_is_first_in_first_out_are_no_destinations(cloud, function, queue):
    arn, fifo = function(FAILS), queue(FifoQueue="true")
    with pytest.raises(ClientError, match="as a destination for itself"):
        configure(cloud, arn, OnFailure=arn)
    with pytest.raises(ClientError, match="is invalid"):
        configure(cloud, arn, OnFailure=fifo[1])
    for target in (fifo[1], arn):
        with pytest.raises(ClientError, match="standard queue of SQS or a standard topic of SNS"):
            cloud.client("lambda").update_function_configuration(
                FunctionName=arn, DeadLetterConfig={"TargetArn": target}
            )


def test_an_update_of_a_configuration_leaves_the_rest(cloud, function, queue):
    client, arn, failed = cloud.client("lambda"), function(FAILS), queue()
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        client.update_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=1)
    configure(cloud, arn, MaximumRetryAttempts=0, OnFailure=failed[1])
    client.update_function_event_invoke_config(FunctionName=arn, MaximumEventAgeInSeconds=90)
    found = client.get_function_event_invoke_config(FunctionName=arn)
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 90)
    assert found["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": failed[1]}}
    configure(cloud, arn, MaximumRetryAttempts=1)
    assert client.get_function_event_invoke_config(FunctionName=arn)["DestinationConfig"]["OnFailure"] == {}
    client.delete_function_event_invoke_config(FunctionName=arn)
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        client.get_function_event_invoke_config(FunctionName=arn)


def test_a_topic_invokes_its_function_later_with_awss_event_if_it_is_allowed(cloud, function, queue):
    heard, failed = queue(), queue()
    arn = function(
        "import boto3, json\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl='{heard[0]}', MessageBody=json.dumps(event))\n"
        "    if event['Records'][0]['Sns']['Message'] == 'fail': raise ValueError('no')\n"
    )
    sns, client = cloud.client("sns"), cloud.client("lambda")
    topic = sns.create_topic(Name="tests-later-functions")["TopicArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn, ReturnSubscriptionArn=True)
    sns.publish(TopicArn=topic, Message="refused")
    eventually(lambda: f"of {topic} could not be delivered to {arn}" in (cloud.state / "cloud.log").read_text())
    client.add_permission(
        FunctionName=arn,
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    configure(cloud, arn, MaximumRetryAttempts=0, OnFailure=failed[1])
    attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="s", MessageAttributes=attributes)["MessageId"]
    (record,) = json.loads(messages(cloud, heard[0], 1)[0]["Body"])["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription["SubscriptionArn"])
    told = record["Sns"]
    assert (told["Message"], told["Subject"], told["TopicArn"], told["MessageId"]) == ("hello", "s", topic, sent)
    assert told["MessageAttributes"] == {"kind": {"Type": "String", "Value": "test"}}
    sns.publish(TopicArn=topic, Message="fail")
    record = json.loads(messages(cloud, failed[0], 1)[0]["Body"])
    assert record["requestPayload"]["Records"][0]["Sns"]["Message"] == "fail"


def test_log_events_invoke_the_function_of_a_filter_behind_its_alias(cloud, function, queue):
    heard = queue()
    client, logs, group = cloud.client("lambda"), cloud.client("logs"), "/tests/later"
    arn = function(
        "import base64, boto3, gzip, json\n"
        "def handler(event, context):\n"
        "    data = json.loads(gzip.decompress(base64.b64decode(event['awslogs']['data'])))\n"
        "    body = [data['logGroup'], data['logEvents'][0]['message'], context.invoked_function_arn]\n"
        f"    boto3.client('sqs').send_message(QueueUrl='{heard[0]}', MessageBody=json.dumps(body))\n"
    )
    client.publish_version(FunctionName=arn)
    alias = client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")["AliasArn"]
    client.add_permission(
        FunctionName=alias, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    logs.put_subscription_filter(logGroupName=group, filterName="all", filterPattern="", destinationArn=alias)
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=[{"timestamp": now, "message": "a line"}])
    assert json.loads(messages(cloud, heard[0], 1)[0]["Body"]) == [group, "a line", alias]


@pytest.mark.parametrize("kind", ["Event", pytest.param("RequestResponse", marks=pytest.mark.nightly)])
def test_a_function_that_invokes_itself_is_stopped_after_sixteen_runs(cloud, function, queue, kind):
    runs, dead = queue(), queue()
    arn = function(
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    boto3.client('sqs').send_message(QueueUrl=event['queue'], MessageBody='run')\n"
        f"    again = {{'FunctionName': context.function_name, 'InvocationType': '{kind}'}}\n"
        "    boto3.client('lambda').invoke(Payload=json.dumps(event), **again)\n",
        DeadLetterConfig={"TargetArn": dead[1]},
        Timeout=120,
    )
    configure(cloud, arn, MaximumRetryAttempts=0)
    send(cloud, arn, {"queue": runs[0]})
    eventually(lambda: total(cloud, arn, "RecursiveInvocationsDropped") == 1, seconds=60)
    assert len(messages(cloud, runs[0], 16)) == 16
    if kind == "Event":
        assert json.loads(messages(cloud, dead[0], 1)[0]["Body"]) == {"queue": runs[0]}


def test_two_functions_that_are_each_others_destinations_are_stopped(cloud, function, queue):
    failed = queue()
    first, second = function(FAILS), function(FAILS, DeadLetterConfig={"TargetArn": failed[1]})
    configure(cloud, first, MaximumRetryAttempts=0, OnFailure=second)
    configure(cloud, second, MaximumRetryAttempts=0, OnFailure=first)
    send(cloud, first, {})
    eventually(lambda: total(cloud, first, "RecursiveInvocationsDropped") == 1, seconds=60)
    assert total(cloud, first, "Invocations") == 16
    assert total(cloud, second, "Invocations") == 16


def test_a_function_may_be_allowed_to_run_in_a_circle(cloud, function):
    client, arn = cloud.client("lambda"), function(FAILS)
    assert client.get_function_recursion_config(FunctionName=arn)["RecursiveLoop"] == "Terminate"
    assert client.put_function_recursion_config(FunctionName=arn, RecursiveLoop="Allow")["RecursiveLoop"] == "Allow"
    assert client.get_function_recursion_config(FunctionName=arn)["RecursiveLoop"] == "Allow"
