"""What the writers write: settings that change, and collections that grow, in each service."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from botocore.exceptions import ClientError

from benchmarks.kills.machines import packaged
from benchmarks.kills.models import Collection, Setting
from benchmarks.kills.victim import ACCOUNT, REGION, Victim

BUCKET, VERSIONED, GROUP, NAMESPACE, PACKAGES = "kills", "kills-versioned", "/kills", "Kills", "kills"
#: How long an accepted event may take to its target.
ARRIVES_SECONDS = 30.0
PART_BYTES = 5 * 1024 * 1024
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
#: What is asked next: its words, its model, the model's value, and what sends it.
Next = tuple[str, Any, Any, Callable[[], Any]]


class Subject(Protocol):
    """What one writer writes.

    Attributes:
        name: Its name.
    """

    name: str

    def prepare(self) -> None:
        """Make what it needs."""

    def next(self) -> Next:
        """The next request."""

    def unanswered(self) -> None:
        """The request had no answer."""

    def problems(self) -> list[str]:
        """What is not as it must be."""


class Changing:
    """A setting that is written again and again: a number.

    Args:
        write: Writes a number.
        read: Reads the number; None: there is none.
        make: Makes what has the setting.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[int], Any],
        read: Callable[[], Any],
        make: Callable[[], Any] = lambda: None,
        first: int | None = None,
    ) -> None:
        self.name, self._write, self._read, self._make = name, write, read, make
        self._numbers = itertools.count(1)
        self._setting = Setting()
        if first is not None:
            self._setting.acknowledged(first)

    def prepare(self) -> None:
        """Make what has the setting."""
        self._make()

    def next(self) -> Next:
        """Write the next number."""
        number = next(self._numbers)
        return self.name, self._setting, number, lambda: self._write(number)

    def unanswered(self) -> None:
        """The number may be there or not."""

    def problems(self) -> list[str]:
        """The number that is there."""
        problem = self._setting.problem(self._read())
        return [problem] if problem else []


class Growing:
    """A collection to which names are added.

    Args:
        add: Adds some names at once.
        read: All names that are there.
        at_once: How many are added at once: all of them, or none.
    """

    def __init__(
        self,
        name: str,
        add: Callable[[list[str]], Any],
        read: Callable[[], Iterable[str]],
        make: Callable[[], Any] = lambda: None,
        at_once: int = 1,
        most: int = 400,
    ) -> None:
        self.name, self._add, self._read, self._make, self._at_once = name, add, read, make, at_once
        self._most = most
        self._numbers = itertools.count(1)
        self._collection = Collection()

    def prepare(self) -> None:
        """Make the collection."""
        self._make()

    def next(self) -> Next:
        """Add the next names."""
        if len(self._collection) >= self._most:
            time.sleep(0.5)
            return self.name, self._collection, [], lambda: None
        number = next(self._numbers)
        names = [f"{number}.{part}" for part in range(self._at_once)]
        return self.name, self._collection, names, lambda: self._add(names)

    def unanswered(self) -> None:
        """The names may be there or not."""

    def problems(self) -> list[str]:
        """All names that are there: each batch is whole."""
        seen = list(self._read())
        problem = self._collection.problem(seen)
        batches: dict[str, int] = {}
        for name in seen:
            batches[name.partition(".")[0]] = batches.get(name.partition(".")[0], 0) + 1
        halves = [batch for batch, count in batches.items() if count % self._at_once]
        return ([problem] if problem else []) + [f"a half of batch {batch} is there" for batch in halves]


class Objects:
    """Objects that are put, overwritten and deleted. Each content shows whether it is whole."""

    name = "objects"

    def __init__(self, victim: Victim, chance: random.Random) -> None:
        self._victim, self._chance = victim, chance
        self._settings = {f"folder/{number}": Setting() for number in range(12)}

    def prepare(self) -> None:
        """Make the bucket."""
        self._victim.ask("s3", "create_bucket", Bucket=BUCKET)

    def next(self) -> Next:
        """Put or delete an object."""
        key = self._chance.choice(list(self._settings))
        named = {"Bucket": BUCKET, "Key": key}
        if self._chance.random() < 0.25:
            return (
                "s3 DeleteObject",
                self._settings[key],
                None,
                lambda: self._victim.ask("s3", "delete_object", **named),
            )
        content = self._chance.randbytes(self._chance.choice([0, 10, 70_000, 900_000]))
        if self._chance.random() < 0.05:
            content = self._chance.randbytes(10) * (PART_BYTES // 10) + b"the last part"
            value = digest(content)
            return "s3 multipart upload", self._settings[key], value, lambda: self._in_parts(key, content)
        put = lambda: self._victim.ask("s3", "put_object", **named, Body=content)  # noqa: E731
        return "s3 PutObject", self._settings[key], digest(content), put

    def _in_parts(self, key: str, content: bytes) -> None:
        named = {"Bucket": BUCKET, "Key": key}
        upload = {**named, "UploadId": self._victim.ask("s3", "create_multipart_upload", **named)["UploadId"]}
        parts = []
        for number, part in enumerate((content[:PART_BYTES], content[PART_BYTES:]), start=1):
            tag = self._victim.ask("s3", "upload_part", **upload, PartNumber=number, Body=part)["ETag"]
            parts.append({"PartNumber": number, "ETag": tag})
        self._victim.ask("s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})

    def unanswered(self) -> None:
        """The object may be there or not."""

    def problems(self) -> list[str]:
        """Every object has a content that was put."""
        said = []
        listed = {
            one["Key"]: one["Size"]
            for one in self._victim.sure("s3", "list_objects_v2", Bucket=BUCKET).get("Contents", [])
        }
        for key, setting in self._settings.items():
            try:
                content = self._victim.sure("s3", "get_object", Bucket=BUCKET, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                content = None
            if listed.get(key) != (None if content is None else len(content)):
                said.append(f"{key} is listed with {listed.get(key)} bytes")
            if problem := setting.problem(None if content is None else digest(content)):
                said.append(f"{key} {problem}")
        return said


def digest(content: bytes) -> str:
    """A short text for a content."""
    return f"{len(content)} bytes {hashlib.sha256(content).hexdigest()[:12]}"


def subjects() -> list[Callable[[Victim, str, random.Random], Subject]]:
    """What makes each subject, for a victim, a role and a chance."""
    return [
        lambda victim, role, chance: Objects(victim, chance),
        _versions,
        _messages,
        _queues,
        _metrics,
        _log_events,
        _function,
        _functions,
        _role_policy,
        _roles,
        _alarm,
        _packages,
        _approval,
        _state_machine,
        _topic,
        _rule,
        _delivered,
        _retention,
        _parameters_of_a_key,
    ]


def _versions(victim: Victim, role: str, chance: random.Random) -> Subject:
    def make() -> None:
        victim.ask("s3", "create_bucket", Bucket=VERSIONED)
        status = {"Status": "Enabled"}
        victim.ask("s3", "put_bucket_versioning", Bucket=VERSIONED, VersioningConfiguration=status)

    def add(names: list[str]) -> None:
        body = f"{names[0]} ".encode() * 1000
        victim.ask("s3", "put_object", Bucket=VERSIONED, Key="the key", Body=body)

    def read() -> Iterable[str]:
        for one in victim.sure("s3", "list_object_versions", Bucket=VERSIONED).get("Versions", []):
            given = {"Bucket": VERSIONED, "Key": "the key", "VersionId": one["VersionId"]}
            words = victim.sure("s3", "get_object", **given)["Body"].read().decode().split(" ")
            yield words[0] if set(words[:1000]) == {words[0]} and len(words) == 1001 else "a half"

    return Growing("s3 PutObject of a version", add, read, make, most=60)


def _bodies(victim: Victim, url: str) -> list[str]:
    """The bodies of all messages of a queue. They stay there."""
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600}
    held = []
    while found := victim.sure("sqs", "receive_message", **asked).get("Messages"):
        held += found
    for message in held:  # they are there for the next look
        again = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        victim.sure("sqs", "change_message_visibility", QueueUrl=url, **again)
    return [message["Body"] for message in held]


def _messages(victim: Victim, role: str, chance: random.Random) -> Subject:
    url: list[str] = []

    def make() -> None:
        url.append(victim.ask("sqs", "create_queue", QueueName="kills-messages")["QueueUrl"])

    def add(names: list[str]) -> None:
        entries = [{"Id": str(number), "MessageBody": name} for number, name in enumerate(names)]
        victim.ask("sqs", "send_message_batch", QueueUrl=url[0], Entries=entries)

    return Growing("sqs SendMessageBatch", add, lambda: _bodies(victim, url[0]), make, at_once=3, most=60)


def _delivered(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Events that a rule sends to a queue. They arrive a moment after PutEvents is answered."""
    url: list[str] = []

    def make() -> None:
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:kills-delivered"
        allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, "Resource": arn}]})
        named = {"QueueName": "kills-delivered", "Attributes": {"Policy": policy}}
        url.append(victim.ask("sqs", "create_queue", **named)["QueueUrl"])
        victim.ask("events", "put_rule", Name="delivered", EventPattern=json.dumps({"source": ["kills"]}))
        targets = [{"Id": "queue", "Arn": arn, "InputPath": "$.detail.name"}]
        victim.ask("events", "put_targets", Rule="delivered", Targets=targets)

    def add(names: list[str]) -> None:
        entries = [{"Source": "kills", "DetailType": "kills", "Detail": json.dumps({"name": one})} for one in names]
        victim.ask("events", "put_events", Entries=entries)

    class Arriving(Growing):
        def problems(self) -> list[str]:
            give_up = time.monotonic() + ARRIVES_SECONDS
            while len(there := self._bodies()) < len(self._collection) and time.monotonic() < give_up:
                time.sleep(0.2)
            problem = self._collection.problem(there)
            return [problem] if problem else []

        def _bodies(self) -> list[str]:
            return [json.loads(body) for body in _bodies(victim, url[0])]

    return Arriving("events PutEvents", add, lambda: [], make, at_once=3, most=90)


def _queues(victim: Victim, role: str, chance: random.Random) -> Subject:
    def read() -> Iterable[str]:
        found = victim.sure("sqs", "list_queues", QueueNamePrefix="kills-queue-").get("QueueUrls", [])
        return [url.rpartition("kills-queue-")[2].replace("-", ".") for url in found]

    def add(names: list[str]) -> None:
        victim.ask("sqs", "create_queue", QueueName=f"kills-queue-{names[0].replace('.', '-')}")

    return Growing("sqs CreateQueue", add, read, most=60)


def _metrics(victim: Victim, role: str, chance: random.Random) -> Subject:
    def add(names: list[str]) -> None:
        datum = {"MetricName": "asked", "Value": 1.0, "Unit": "Count"}
        victim.ask("cloudwatch", "put_metric_data", Namespace=NAMESPACE, MetricData=[datum] * len(names))

    def total() -> int:
        now = time.time()
        found = victim.sure(
            "cloudwatch", "get_metric_statistics",
            Namespace=NAMESPACE, MetricName="asked", StartTime=now - 7200, EndTime=now + 120, Period=60,
            Statistics=["Sum"],
        )  # fmt: skip
        return round(sum(point["Sum"] for point in found["Datapoints"]))

    return Counted("cloudwatch PutMetricData", add, total)


class Counted(Growing):
    """A collection of which only the number is known."""

    def __init__(self, name: str, add: Callable[[list[str]], Any], total: Callable[[], int]) -> None:
        super().__init__(name, add, lambda: [], at_once=3, most=10**6)
        self._total = total
        self._least = self._most_seen = 0

    def next(self) -> Next:
        """Add the next ones."""
        words, _, names, send = super().next()
        self._most_seen += len(names)
        counted = self

        class Model:
            def asked(self, value: list[str]) -> None:
                """They may be there from now on."""

            def acknowledged(self, value: list[str]) -> None:
                counted._least += len(value)

            def refused(self, value: list[str]) -> None:
                counted._most_seen -= len(value)

        return words, Model(), names, send

    def problems(self) -> list[str]:
        """The number is one that may be."""
        seen = self._total()
        if self._least <= seen <= self._most_seen and not seen % self._at_once:
            self._least = self._most_seen = seen
            return []
        return [f"there are {seen}, and must be {self._least} to {self._most_seen}"]


def _log_events(victim: Victim, role: str, chance: random.Random) -> Subject:
    named = {"logGroupName": GROUP, "logStreamName": "stream"}

    def make() -> None:
        victim.ask("logs", "create_log_group", logGroupName=GROUP)
        victim.ask("logs", "create_log_stream", **named)

    def add(names: list[str]) -> None:
        now = round(time.time() * 1000)
        victim.ask("logs", "put_log_events", **named, logEvents=[{"timestamp": now, "message": one} for one in names])

    def read() -> Iterable[str]:
        token: dict[str, str] = {}
        while True:
            page = victim.sure("logs", "filter_log_events", logGroupName=GROUP, **token)
            yield from (event["message"] for event in page["events"])
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}

    return Growing("logs PutLogEvents", add, read, make, at_once=3, most=2000)


def _code(number: int) -> bytes:
    return packaged(f"def handler(event, context):\n    return {number}\n")


def _function(victim: Victim, role: str, chance: random.Random) -> Subject:
    def make() -> None:
        victim.ask(
            "lambda", "create_function",
            FunctionName="kills-function", Runtime="python3.13", Role=role, Handler="handler.handler", Timeout=60,
            Code={"ZipFile": _code(0)},
        )  # fmt: skip

    def write(number: int) -> None:
        victim.ask("lambda", "update_function_code", FunctionName="kills-function", ZipFile=_code(number))

    def read() -> Any:
        return json.load(victim.sure("lambda", "invoke", FunctionName="kills-function")["Payload"])

    return Changing("lambda UpdateFunctionCode", write, read, make, first=0)


def _functions(victim: Victim, role: str, chance: random.Random) -> Subject:
    prefix = "kills-many-"

    def add(names: list[str]) -> None:
        victim.ask(
            "lambda", "create_function",
            FunctionName=prefix + names[0].replace(".", "-"), Runtime="python3.13", Role=role,
            Handler="handler.handler", Code={"ZipFile": _code(1)},
        )  # fmt: skip

    def read() -> Iterable[str]:
        pages = victim.client("lambda").get_paginator("list_functions").paginate()
        names = [one["FunctionName"] for page in pages for one in page["Functions"]]
        return [name.removeprefix(prefix).replace("-", ".") for name in names if name.startswith(prefix)]

    return Growing("lambda CreateFunction", add, read, most=30)


def _role_policy(victim: Victim, role: str, chance: random.Random) -> Subject:
    named = {"RoleName": "kills-changing", "PolicyName": "changing"}

    def make() -> None:
        victim.ask("iam", "create_role", RoleName="kills-changing", AssumeRolePolicyDocument=TRUST)

    def write(number: int) -> None:
        allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{number}/*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        victim.ask("iam", "put_role_policy", **named, PolicyDocument=document)

    def read() -> Any:
        try:
            document = victim.sure("iam", "get_role_policy", **named)["PolicyDocument"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            return None
        return int(document["Statement"][0]["Resource"].removeprefix("arn:aws:s3:::").removesuffix("/*"))

    return Changing("iam PutRolePolicy", write, read, make)


def _roles(victim: Victim, role: str, chance: random.Random) -> Subject:
    def add(names: list[str]) -> None:
        victim.ask("iam", "create_role", RoleName=f"kills-role-{names[0]}", AssumeRolePolicyDocument=TRUST)

    def read() -> Iterable[str]:
        pages = victim.client("iam").get_paginator("list_roles").paginate()
        names = [one["RoleName"] for page in pages for one in page["Roles"]]
        return [name.removeprefix("kills-role-") for name in names if name.startswith("kills-role-")]

    return Growing("iam CreateRole", add, read, most=60)


def _alarm(victim: Victim, role: str, chance: random.Random) -> Subject:
    def write(number: int) -> None:
        victim.ask(
            "cloudwatch", "put_metric_alarm",
            AlarmName="kills", Namespace=NAMESPACE, MetricName="asked", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=10**6 + number, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip

    def read() -> Any:
        found = victim.sure("cloudwatch", "describe_alarms", AlarmNames=["kills"])["MetricAlarms"]
        return round(found[0]["Threshold"]) - 10**6 if found else None

    return Changing("cloudwatch PutMetricAlarm", write, read)


def _package_of(victim: Victim, description: str, **more: Any) -> Any:
    container = {"Image": f"811284229777.dkr.ecr.{REGION}.amazonaws.com/image-classification:1"}
    kinds = {"SupportedContentTypes": ["application/x-image"], "SupportedResponseMIMETypes": ["application/json"]}
    return victim.ask(
        "sagemaker", "create_model_package",
        ModelPackageDescription=description, InferenceSpecification={"Containers": [container], **kinds}, **more,
    )  # fmt: skip


def _packages(victim: Victim, role: str, chance: random.Random) -> Subject:
    def make() -> None:
        victim.ask("sagemaker", "create_model_package_group", ModelPackageGroupName=PACKAGES)

    def read() -> Iterable[str]:
        pages = victim.client("sagemaker").get_paginator("list_model_packages")
        for page in pages.paginate(ModelPackageGroupName=PACKAGES):
            yield from (one["ModelPackageDescription"] for one in page["ModelPackageSummaryList"])

    def add(names: list[str]) -> None:
        _package_of(victim, names[0], ModelPackageGroupName=PACKAGES)

    return Growing("sagemaker CreateModelPackage", add, read, make, most=60)


def _approval(victim: Victim, role: str, chance: random.Random) -> Subject:
    arn: list[str] = []

    def make() -> None:
        victim.ask("sagemaker", "create_model_package_group", ModelPackageGroupName=f"{PACKAGES}-approval")
        made = _package_of(victim, "one", ModelPackageGroupName=f"{PACKAGES}-approval")
        arn.append(made["ModelPackageArn"])

    def write(number: int) -> None:
        status = {"ModelApprovalStatus": ("Approved", "Rejected")[number % 2], "ApprovalDescription": str(number)}
        victim.ask("sagemaker", "update_model_package", ModelPackageArn=arn[0], **status)

    def read() -> Any:
        found = victim.sure("sagemaker", "describe_model_package", ModelPackageName=arn[0])
        number = found.get("ApprovalDescription")
        if number is None:
            return None
        right = found["ModelApprovalStatus"] == ("Approved", "Rejected")[int(number) % 2]
        return int(number) if right else "a half"

    return Changing("sagemaker UpdateModelPackage", write, read, make)


def _state_machine(victim: Victim, role: str, chance: random.Random) -> Subject:
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:kills"

    def definition(number: int) -> str:
        return json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": number, "End": True}}})

    def make() -> None:
        victim.ask("stepfunctions", "create_state_machine", name="kills", definition=definition(0), roleArn=role)

    def write(number: int) -> None:
        victim.ask("stepfunctions", "update_state_machine", stateMachineArn=arn, definition=definition(number))

    def read() -> Any:
        found = victim.sure("stepfunctions", "describe_state_machine", stateMachineArn=arn)["definition"]
        return json.loads(found)["States"]["P"]["Result"]

    return Changing("stepfunctions UpdateStateMachine", write, read, make, first=0)


def _topic(victim: Victim, role: str, chance: random.Random) -> Subject:
    named = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:kills", "AttributeName": "DisplayName"}

    def read() -> Any:
        found = victim.sure("sns", "get_topic_attributes", TopicArn=named["TopicArn"])["Attributes"]["DisplayName"]
        return int(found) if found else None

    return Changing(
        "sns SetTopicAttributes",
        lambda number: victim.ask("sns", "set_topic_attributes", **named, AttributeValue=str(number)),
        read,
        lambda: victim.ask("sns", "create_topic", Name="kills"),
    )


def _rule(victim: Victim, role: str, chance: random.Random) -> Subject:
    def read() -> Any:
        found = victim.sure("events", "list_rules", NamePrefix="kills")["Rules"]
        return int(found[0]["Description"]) if found else None

    rule = {"Name": "kills", "ScheduleExpression": "rate(1 day)"}
    return Changing(
        "events PutRule", lambda number: victim.ask("events", "put_rule", **rule, Description=str(number)), read
    )


def _retention(victim: Victim, role: str, chance: random.Random) -> Subject:
    days = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400]
    group = {"logGroupName": "/kills/retention"}

    def read() -> Any:
        found = victim.sure("logs", "describe_log_groups", logGroupNamePrefix="/kills/retention")["logGroups"]
        return found[0].get("retentionInDays")

    class Days(Changing):
        def next(self) -> Next:
            words, setting, number, _ = super().next()
            day = days[number % len(days)]
            return words, setting, day, lambda: victim.ask("logs", "put_retention_policy", **group, retentionInDays=day)

    make = lambda: victim.ask("logs", "create_log_group", **group)  # noqa: E731
    return Days("logs PutRetentionPolicy", lambda number: None, read, make)


def _parameters_of_a_key(victim: Victim, role: str, chance: random.Random) -> Subject:
    key: list[str] = []

    def make() -> None:
        key.append(victim.ask("kms", "create_key", Description="0")["KeyMetadata"]["KeyId"])

    def read() -> Any:
        return int(victim.sure("kms", "describe_key", KeyId=key[0])["KeyMetadata"]["Description"])

    return Changing(
        "kms UpdateKeyDescription",
        lambda number: victim.ask("kms", "update_key_description", KeyId=key[0], Description=str(number)),
        read,
        make,
        first=0,
    )
