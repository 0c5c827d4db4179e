"""What was acknowledged is there after a restart: in order, and after a kill at any moment."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud import control
from localcloud.errors import LocalCloudError

from ..conftest import LocalCloud
from .conftest import ended, eventually, package

COUNTS = """
import boto3, time
s3 = boto3.client("s3")
def handler(event, context):
    s3.put_object(Bucket="kept-calls", Key=f"{event['test']}/{time.time_ns()}", Body=event["name"])
    time.sleep(event.get("seconds", 0))
    return event["name"]
"""


class Restarting(LocalCloud):
    """A cloud that a test ends and starts."""

    def again(self, how: str = "kill", meanwhile: Callable[[], None] = lambda: None) -> None:
        """End the cloud, with or without a warning, do something, and start it again."""
        if how == "down":
            assert control.down(self.state)
        else:
            os.kill(self.running.pid, signal.SIGKILL)
            eventually(lambda: not control.is_alive(self.state))
        meanwhile()
        self.use(control.up(self.state, tethered=True))


@pytest.fixture(scope="module")
def restarting(tmp_path_factory):
    state = tmp_path_factory.mktemp("kept") / "local"
    yield Restarting(control.up(state, port=0, tethered=True))
    control.down(state)


@pytest.fixture(scope="module")
def kept_role(restarting):
    return restarting.role("kept")


@pytest.fixture(scope="module")
def counting(restarting, kept_role) -> str:
    """The ARN of a function that notes the name in its event in a bucket: :func:`calls`."""
    restarting.client("s3").create_bucket(Bucket="kept-calls")
    made = restarting.client("lambda").create_function(
        FunctionName="counting",
        Runtime="python3.13",
        Handler="handler.handler",
        Role=kept_role,
        Timeout=30,
        Code={"ZipFile": package(COUNTS)},
        Publish=True,
    )
    return made["FunctionArn"].removesuffix(":1")


def calls(cloud: LocalCloud, test: str) -> list[str]:
    """The names of the events that the function got in a test, in order."""
    s3 = cloud.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="kept-calls", Prefix=f"{test}/").get("Contents", [])]
    return [s3.get_object(Bucket="kept-calls", Key=key)["Body"].read().decode() for key in keys]


#: Each makes something, and returns what tells that it is there.
def bucket(cloud: LocalCloud) -> Any:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="kept-objects")
    s3.put_bucket_versioning(Bucket="kept-objects", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket="kept-objects", Key="a", Body=body, Metadata={"who": "me"})
    s3.put_object(Bucket="kept-objects", Key="b", Body=b"gone")
    s3.delete_object(Bucket="kept-objects", Key="b")
    s3.put_object_tagging(Bucket="kept-objects", Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.put_object_acl(Bucket="kept-objects", Key="a", ACL="bucket-owner-full-control")
    upload = s3.create_multipart_upload(Bucket="kept-objects", Key="c")["UploadId"]
    s3.upload_part(Bucket="kept-objects", Key="c", UploadId=upload, PartNumber=1, Body=b"part")


def objects(cloud: LocalCloud) -> Any:
    s3, named = cloud.client("s3"), {"Bucket": "kept-objects"}
    versions = s3.list_object_versions(**named)
    bodies = [
        s3.get_object(**named, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        for one in versions["Versions"]
    ]
    upload = s3.list_multipart_uploads(**named)["Uploads"][0]["UploadId"]
    parts = s3.list_parts(**named, Key="c", UploadId=upload)["Parts"]
    details = [s3.head_object(**named, Key="a"), s3.get_object_tagging(**named, Key="a")]
    return versions, bodies, parts, details, s3.get_object_acl(**named, Key="a")["Grants"]


def signing_key(cloud: LocalCloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/kept", TargetKeyId=key)


def policies(cloud: LocalCloud) -> None:
    iam = cloud.client("iam")
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="kept-attached", AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName="kept-attached", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")


MADE = {
    "objects": (bucket, objects),
    "roles": (
        policies,
        lambda cloud: (
            cloud.client("iam").list_attached_role_policies(RoleName="kept-attached")["AttachedPolicies"],
            cloud.client("iam").list_policies(OnlyAttached=True)["Policies"],
        ),
    ),
    "queues": (
        lambda cloud: cloud.client("sqs").send_message(
            QueueUrl=cloud.client("sqs").create_queue(QueueName="kept")["QueueUrl"], MessageBody="hello"
        ),
        lambda cloud: cloud.client("sqs").get_queue_attributes(
            QueueUrl=cloud.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"], AttributeNames=["All"]
        )["Attributes"],
    ),
    "keys": (
        lambda cloud: cloud.client("kms").create_alias(
            AliasName="alias/kept",
            TargetKeyId=cloud.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"][
                "KeyId"
            ],
        ),
        lambda cloud: cloud.client("kms").get_public_key(KeyId="alias/kept")["PublicKey"],
    ),
    "networks": (
        lambda cloud: cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16"),
        lambda cloud: (
            cloud.client("ec2").describe_vpcs()["Vpcs"],
            cloud.client("ec2").describe_security_groups()["SecurityGroups"],
            len(cloud.client("ec2").describe_network_acls()["NetworkAcls"]),
        ),
    ),
    "alarms": (
        lambda cloud: cloud.client("cloudwatch").put_metric_alarm(
            AlarmName="kept",
            Namespace="Kept",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        ),
        lambda cloud: [one["AlarmArn"] for one in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]],
    ),
    "metrics": (
        lambda cloud: cloud.client("cloudwatch").put_metric_data(
            Namespace="Kept", MetricData=[{"MetricName": "n", "Value": 3.0}]
        ),
        lambda cloud: cloud.client("cloudwatch").list_metrics(Namespace="Kept")["Metrics"],
    ),
    "log events": (
        lambda cloud: (
            cloud.client("logs").create_log_group(logGroupName="/kept"),
            cloud.client("logs").create_log_stream(logGroupName="/kept", logStreamName="s"),
            cloud.client("logs").put_log_events(
                logGroupName="/kept",
                logStreamName="s",
                logEvents=[{"timestamp": int(time.time() * 1000), "message": "a line"}],
            ),
        ),
        lambda cloud: cloud.client("logs").filter_log_events(logGroupName="/kept")["events"],
    ),
    "topics": (
        lambda cloud: cloud.client("sns").create_topic(Name="kept"),
        lambda cloud: cloud.client("sns").list_topics()["Topics"],
    ),
    "rules": (
        lambda cloud: cloud.client("events").put_rule(Name="kept", ScheduleExpression="rate(1 day)"),
        lambda cloud: cloud.client("events").list_rules()["Rules"],
    ),
    "sessions": (
        lambda cloud: None,
        lambda cloud: cloud.client("sts").get_caller_identity()["Arn"],
    ),
    "model groups": (
        lambda cloud: cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="kept"),
        lambda cloud: cloud.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"],
    ),
    "activities": (
        lambda cloud: cloud.client("stepfunctions").create_activity(name="kept"),
        lambda cloud: cloud.client("stepfunctions").list_activities()["activities"],
    ),
}


def plain(value: Any) -> Any:
    """An answer without what belongs to the request."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name != "ResponseMetadata"}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("how", ["kill", "down"])
def test_what_was_acknowledged_is_there(restarting, how):
    """After a kill first: nothing has had time to be written by and by."""
    if how == "kill":
        for make, _ in MADE.values():
            make(restarting)
    before = {name: plain(look(restarting)) for name, (_, look) in MADE.items()}
    restarting.again(how)
    for name, (_, look) in MADE.items():
        assert plain(look(restarting)) == before[name], name


def test_keys_of_a_session_are_good_after_a_restart(restarting, kept_role):
    import boto3

    keys = restarting.client("sts").assume_role(RoleArn=restarting.role("kept-session"), RoleSessionName="me")
    restarting.again()
    given = keys["Credentials"]
    client = boto3.client(
        "sts",
        endpoint_url=restarting.endpoint,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert client.get_caller_identity()["Arn"].endswith("assumed-role/kept-session/me")


def test_a_request_that_is_sent_again_after_a_kill_is_not_carried_out_twice(restarting):
    """The answer was lost with the cloud. An SDK sends the request again, with the same invocation id."""

    def create(invocation: str) -> Any:
        client = restarting.client("sagemaker")

        def name_attempt(request: Any, **_: Any) -> None:
            request.headers["amz-sdk-invocation-id"] = invocation

        client.meta.events.register("before-send.sagemaker", name_attempt, unique_id="name")
        try:
            return plain(client.create_model_package_group(ModelPackageGroupName="kept-answer"))
        finally:
            client.meta.events.unregister("before-send.sagemaker", unique_id="name")

    first = create("one")
    restarting.again()
    assert create("one") == first
    with pytest.raises(restarting.client("sagemaker").exceptions.ClientError, match="already exists"):
        create("two")


def test_functions_with_their_code_versions_and_aliases_are_there(restarting, counting):
    functions = restarting.client("lambda")
    live = functions.create_alias(FunctionName="counting", Name="live", FunctionVersion="1")["AliasArn"]
    given = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "StatementId": "rule"}
    functions.add_permission(FunctionName=live, **given)
    functions.put_function_event_invoke_config(FunctionName=live, MaximumRetryAttempts=1)
    functions.put_function_recursion_config(FunctionName="counting", RecursiveLoop="Allow")
    layer = functions.publish_layer_version(LayerName="gone", Content={"ZipFile": package("")})
    functions.update_function_configuration(FunctionName="counting", Layers=[layer["LayerVersionArn"]])
    functions.delete_layer_version(LayerName="gone", VersionNumber=layer["Version"])
    looks = (
        lambda client: client.get_policy(FunctionName=live),
        lambda client: client.get_function_event_invoke_config(FunctionName=live),
        lambda client: client.get_function_recursion_config(FunctionName="counting"),
    )
    before = [plain(look(functions)) for look in looks]
    restarting.again()
    assert [plain(look(restarting.client("lambda"))) for look in looks] == before
    event = json.dumps({"test": "versions", "name": "again"})
    answer = restarting.client("lambda").invoke(FunctionName="counting", Qualifier="live", Payload=event)
    assert json.load(answer["Payload"]) == "again"
    answer = restarting.client("lambda").invoke(FunctionName="counting", Payload=event)
    assert json.load(answer["Payload"]) == "again", "its layer was deleted, and it goes on with it"
    where = restarting.client("lambda").get_function(FunctionName="counting")["Code"]["Location"]
    assert where


def test_an_event_that_was_accepted_runs_after_a_kill(restarting, counting):
    event = {"test": "accepted", "name": "later", "seconds": 20}
    functions = restarting.client("lambda")
    functions.invoke(FunctionName="counting", InvocationType="Event", Payload=json.dumps(event))
    eventually(lambda: calls(restarting, "accepted"))
    restarting.again()
    eventually(lambda: calls(restarting, "accepted") == ["later", "later"])


def test_a_queues_mapping_goes_on_after_a_kill_and_no_message_is_lost(restarting, counting):
    sqs, functions = restarting.client("sqs"), restarting.client("lambda")
    queue = sqs.create_queue(QueueName="kept-mapped", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:kept-mapped"
    code = (
        f"{COUNTS}\n"
        "def counted(event, context):\n"
        "    record = event['Records'][0]\n"
        "    name = record['body'] + ' ' + record['attributes']['ApproximateReceiveCount']\n"
        "    handler({'test': 'mapped', 'name': name}, context)\n"
        "    if (record['body'], record['attributes']['ApproximateReceiveCount']) == ('slow', '1'):\n"
        "        time.sleep(60)\n"
    )
    role = functions.get_function(FunctionName="counting")["Configuration"]["Role"]
    made = {"Runtime": "python3.13", "Handler": "handler.counted", "Role": role, "Timeout": 30}
    functions.create_function(FunctionName="kept-mapped", Code={"ZipFile": package(code)}, **made)
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="kept-mapped", BatchSize=1)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    sqs.send_message(QueueUrl=queue, MessageBody="slow")
    eventually(lambda: calls(restarting, "mapped"))
    sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=1)
    restarting.again()
    restarting.client("sqs").send_message(QueueUrl=queue, MessageBody="after")

    def all_came() -> bool:
        """On a busy machine a message comes more than once, and its first time may end with the killed cloud."""
        came = [one.split() for one in calls(restarting, "mapped")]
        return {body for body, _ in came} == {"delayed", "after", "slow"} and any(
            body == "slow" and int(count) > 1 for body, count in came
        )

    eventually(all_came, seconds=60)
    (mapping,) = restarting.client("lambda").list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    assert mapping["State"] == "Enabled"


def test_dead_letters_go_on_being_moved_back_after_a_kill(restarting):
    sqs = restarting.client("sqs")
    sqs.create_queue(QueueName="kept-dead")
    dead = "arn:aws:sqs:us-east-1:123456789012:kept-dead"
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    given = {"VisibilityTimeout": "0", "RedrivePolicy": policy}
    queue = sqs.create_queue(QueueName="kept-source", Attributes=given)["QueueUrl"]
    for body in "abc":
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    for _ in range(2):
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    sqs.start_message_move_task(SourceArn=dead, MaxNumberOfMessagesPerSecond=1)
    restarting.again()
    sqs, bodies = restarting.client("sqs"), []

    def all_came() -> bool:
        found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, VisibilityTimeout=60).get("Messages", [])
        bodies.extend(message["Body"] for message in found)
        return sorted(bodies) == ["a", "b", "c"]

    eventually(all_came)


def test_an_event_that_waits_for_its_next_run_leaves_its_record_after_kills(restarting, counting, kept_role):
    """Killed while it waits. It runs three times in all, and its dead letter comes once."""
    queue = restarting.client("sqs").create_queue(QueueName="kept-dead-letters")["QueueUrl"]
    restarting.client("lambda").create_function(
        FunctionName="failing",
        Runtime="python3.13",
        Handler="handler.handler",
        Role=kept_role,
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:kept-dead-letters"},
        Code={"ZipFile": package(f"{COUNTS}\ndef fails(event, context):\n    handler(event, context)\n    1 / 0\n")},
    )
    restarting.client("lambda").update_function_configuration(FunctionName="failing", Handler="handler.fails")
    event = json.dumps({"test": "failing", "name": "failed"})
    restarting.client("lambda").invoke(FunctionName="failing", InvocationType="Event", Payload=event)
    eventually(lambda: calls(restarting, "failing"))

    def noted() -> bool:
        """Whether the first run has ended: its log is written then."""
        found = restarting.client("logs").filter_log_events(logGroupName="/aws/lambda/failing")["events"]
        return any(one["message"].startswith("REPORT") for one in found)

    eventually(noted)
    restarting.again()

    def letters() -> int:
        asked = {"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]}
        found = restarting.client("sqs").get_queue_attributes(**asked)["Attributes"]
        return int(found["ApproximateNumberOfMessages"])

    eventually(letters)
    restarting.again()
    assert letters() == 1
    assert calls(restarting, "failing") in (
        ["failed"] * 3,
        ["failed"] * 4,
    )  # the kill may come before the first run is noted


def test_every_event_that_eventbridge_accepted_arrives_after_a_kill(restarting):
    queue = restarting.client("sqs").create_queue(QueueName="kept-events")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:kept-events"
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]})
    restarting.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events = restarting.client("events")
    events.put_rule(Name="kept-events", EventPattern=json.dumps({"source": ["kept"]}))
    events.put_targets(Rule="kept-events", Targets=[{"Id": "queue", "Arn": arn}])
    entry = {"Source": "kept", "DetailType": "kept", "Detail": "{}"}
    for _ in range(2):
        events.put_events(Entries=[entry] * 5)
        restarting.again()

    def there() -> int:
        asked = {"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]}
        found = restarting.client("sqs").get_queue_attributes(**asked)["Attributes"]
        return int(found["ApproximateNumberOfMessages"])

    eventually(lambda: there() >= 10)
    restarting.again()
    # EventBridge delivers at least once: a kill between a delivery and its note lets the event come again.
    found: set[str] = set()
    while messages := restarting.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found |= {json.loads(one["Body"])["id"] for one in messages}
    assert len(found) == 10


def opened_queue(cloud: LocalCloud, name: str, *services: str) -> tuple[str, str]:
    """A queue that some services may send to. Without services it has no policy."""
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    statement = {"Effect": "Allow", "Principal": {"Service": [f"{service}.amazonaws.com" for service in services]}}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Action": "sqs:SendMessage", "Resource": arn}]}
    attributes = {"Policy": json.dumps(policy)} if services else {}
    made = cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)
    return made["QueueUrl"], arn


def taken(cloud: LocalCloud, url: str) -> list[str]:
    """The bodies of the messages that are there now."""
    messages = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for one in messages:
        cloud.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return [one["Body"] for one in messages]


def test_rules_and_schedules_fire_after_a_restart_once_for_all_that_was_missed(restarting, kept_role):
    """The moments are set back in the file of a cloud that does not run."""
    events, scheduler = restarting.client("events"), restarting.client("scheduler")
    ruled, scheduled = opened_queue(restarting, "kept-ruled", "events"), opened_queue(restarting, "kept-scheduled")
    events.put_rule(Name="kept-hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="kept-hourly", Targets=[{"Id": "queue", "Arn": ruled[1]}])
    scheduler.create_schedule(
        Name="kept-yearly",
        ScheduleExpression="cron(0 0 1 1 ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": scheduled[1], "RoleArn": kept_role, "Input": "fired"},
    )

    def moments() -> dict[str, float]:
        with contextlib.closing(sqlite3.connect(restarting.state / "cloud.sqlite")) as database:
            return dict(database.execute("SELECT arn, moment FROM firing WHERE arn LIKE '%kept-%'").fetchall())

    before = moments()

    def set_back() -> None:
        with contextlib.closing(sqlite3.connect(restarting.state / "cloud.sqlite")) as database:
            database.execute("UPDATE firing SET moment = moment - 7200 WHERE arn LIKE '%kept-hourly'")
            database.execute("UPDATE firing SET moment = ? WHERE arn LIKE '%kept-yearly'", [time.time() - 7200])
            database.commit()

    restarting.again(meanwhile=set_back)
    (event,) = eventually(lambda: taken(restarting, ruled[0]))
    assert json.loads(event)["detail-type"] == "Scheduled Event"
    assert json.loads(event)["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/kept-hourly"]
    assert eventually(lambda: taken(restarting, scheduled[0])) == ["fired"]
    after = moments()
    assert after == before
    restarting.again()
    assert moments() == after
    assert taken(restarting, ruled[0]) == taken(restarting, scheduled[0]) == []


def test_a_notification_that_s3_has_accepted_arrives_after_a_kill(restarting):
    url, arn = opened_queue(restarting, "kept-notified", "s3")
    s3 = restarting.client("s3")
    s3.create_bucket(Bucket="kept-notified")
    s3.put_bucket_notification_configuration(
        Bucket="kept-notified",
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    eventually(lambda: taken(restarting, url))
    keys = [str(number) for number in range(5)]
    for key in keys:
        s3.put_object(Bucket="kept-notified", Key=key, Body=b"1")
    restarting.again()
    found: list[str] = []

    def all_there() -> bool:
        found.extend(json.loads(one)["Records"][0]["s3"]["object"]["key"] for one in taken(restarting, url))
        return sorted(found) == keys

    eventually(all_there)


def task(name: str, **more: Any) -> dict[str, Any]:
    payload = {"test": "execution", "name": name}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": None, **more} | {
        "Parameters": {"FunctionName": "counting", "Payload": payload}
    }


def definition() -> dict[str, Any]:
    """A state machine that has every kind of wait in it: for a call, a moment, branches, iterations and a Map run."""
    inner = {"StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 1, "End": True}}}
    distributed = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner}
    items = {"Type": "Map", "ItemsPath": "$.items", "ResultPath": None}
    return {
        "StartAt": "First",
        "States": {
            "First": task("first", Next="Wait"),
            "Wait": {"Type": "Wait", "Seconds": 2, "Next": "Second"},
            "Second": task("second", Next="Both"),
            "Both": {"Type": "Parallel", "Branches": [inner, inner], "ResultPath": None, "Next": "Each"},
            "Each": {**items, "ItemProcessor": inner, "MaxConcurrency": 1, "Next": "Apart"},
            "Apart": {**items, "ItemProcessor": distributed, "MaxConcurrency": 1, "Next": "Last"},
            "Last": task("last", End=True),
        },
    }


def test_an_execution_goes_on_from_its_last_finished_state(restarting, counting, kept_role):
    """Killed again and again. Its history has no event twice, and no finished state runs again."""
    states = restarting.client("stepfunctions")
    given = json.dumps(definition())
    arn = states.create_state_machine(name="kept", definition=given, roleArn=kept_role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, name="one", input='{ "items": [1, 2] }')["executionArn"]
    seen: list[str] = []
    for kind in ("WaitStateEntered", "ParallelStateStarted", "MapIterationStarted", "MapRunStarted"):

        def there(kind: str = kind) -> bool:
            events = restarting.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
            return any(event["type"] == kind for event in events)

        eventually(there)
        restarting.again()
        seen.append(restarting.client("stepfunctions").describe_execution(executionArn=execution)["status"])
    assert seen == ["RUNNING"] * 4
    states = restarting.client("stepfunctions")
    assert ended(states, execution)["status"] == "SUCCEEDED"
    assert states.describe_execution(executionArn=execution)["output"] == '{ "items": [1, 2] }', "as it was written"
    history = states.get_execution_history(executionArn=execution)["events"]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert calls(restarting, "execution") == ["first", "second", "last"]
    runs = states.list_map_runs(executionArn=execution)["mapRuns"]
    described = states.describe_map_run(mapRunArn=runs[0]["mapRunArn"])
    assert (described["status"], described["executionCounts"]["succeeded"]) == ("SUCCEEDED", 2)


def test_a_task_that_waits_for_its_token_or_a_worker_can_be_answered_after_a_kill(restarting, kept_role):
    states = restarting.client("stepfunctions")
    activity = states.create_activity(name="kept-work")["activityArn"]
    queue = restarting.client("sqs").create_queue(QueueName="kept-tokens")["QueueUrl"]
    by_token = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
        "Next": "Worker",
    }
    work = {"Type": "Task", "Resource": activity, "End": True}
    machine = json.dumps({"StartAt": "Token", "States": {"Token": by_token, "Worker": work}})
    arn = states.create_state_machine(name="kept-tokens", definition=machine, roleArn=kept_role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    message = eventually(
        lambda: restarting.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages")
    )

    def has(kind: str) -> bool:
        events = restarting.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
        return any(event["type"] == kind for event in events)

    eventually(lambda: has("TaskSubmitted"))
    restarting.again()
    states = restarting.client("stepfunctions")
    states.send_task_success(taskToken=message[0]["Body"], output='"done"')
    eventually(lambda: has("ActivityScheduled"))
    restarting.again()
    states = restarting.client("stepfunctions")
    taken = states.get_activity_task(activityArn=activity, workerName="w")
    restarting.again()
    states = restarting.client("stepfunctions")
    states.send_task_success(taskToken=taken["taskToken"], output='"worked"')
    assert ended(states, execution)["output"] == '"worked"'
    attributes = {"QueueUrl": queue, "AttributeNames": ["All"]}
    found = restarting.client("sqs").get_queue_attributes(**attributes)["Attributes"]
    sent = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    assert sum(int(found[name]) for name in sent) == 1, "it was sent once"


def test_damaged_contents_are_named_and_nothing_is_loaded_or_changed(tmp_path):
    state = tmp_path / "local"
    cloud = Restarting(control.up(state, port=0, tethered=True))
    cloud.client("s3").create_bucket(Bucket="damaged")
    cloud.client("s3").put_object(Bucket="damaged", Key="k", Body=b"whole")
    control.down(state)
    content = next(path for path in (state / "objects").rglob("*") if path.is_file())
    content.write_bytes(b"cut")
    before = {
        path: path.read_bytes() for path in state.rglob("*") if path.is_file() and path.suffix not in (".log", ".lock")
    }
    with pytest.raises(LocalCloudError, match="s3://damaged/k is missing or not whole"):
        control.up(state, port=0)
    assert {path: path.read_bytes() for path in before} == before
    content.write_bytes(b"whole")
    cloud.use(control.up(state, tethered=True))
    assert cloud.client("s3").get_object(Bucket="damaged", Key="k")["Body"].read() == b"whole"
    control.down(state)


def test_a_gigabyte_of_objects_does_not_cost_a_gigabyte_of_memory(restarting):
    """A tenth of it: 100 MB."""

    def resident() -> int:
        status = Path(f"/proc/{restarting.running.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    s3 = restarting.client("s3")
    s3.create_bucket(Bucket="kept-large")
    for number in range(10):
        s3.put_object(Bucket="kept-large", Key=f"warm-{number}", Body=io.BytesIO(bytes(5_000_000)))
    before = resident()
    for number in range(20):
        s3.put_object(Bucket="kept-large", Key=f"{number}", Body=io.BytesIO(bytes([number]) * 5_000_000))
    assert resident() - before < 40_000_000
    assert s3.get_object(Bucket="kept-large", Key="7")["Body"].read() == bytes([7]) * 5_000_000
