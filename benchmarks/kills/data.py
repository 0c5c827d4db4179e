"""What is written into services: versions, messages, events, metrics and log lines."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable

from benchmarks.kills.subjects import Counted, Growing, Subject
from benchmarks.kills.victim import ACCOUNT, REGION, Victim

VERSIONED, GROUP, NAMESPACE = "kills-versioned", "/kills", "Kills"
#: How long an accepted event may take to its target.
ARRIVES_SECONDS = 30.0


def versions(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Versions of one object. Each content shows whether it is whole."""

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


def messages(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Messages of a queue."""
    url: list[str] = []

    def make() -> None:
        url.append(victim.ask("sqs", "create_queue", QueueName="kills-messages")["QueueUrl"])

    def add(names: list[str]) -> None:
        entries = [{"Id": str(number), "MessageBody": name} for number, name in enumerate(names)]
        victim.ask("sqs", "send_message_batch", QueueUrl=url[0], Entries=entries)

    return Growing("sqs SendMessageBatch", add, lambda: _bodies(victim, url[0]), make, at_once=3, most=60)


def delivered(victim: Victim, role: str, chance: random.Random) -> Subject:
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
            # EventBridge delivers at least once: a kill after the delivery, and before it is noted, repeats it.
            return sorted({json.loads(body) for body in _bodies(victim, url[0])})

    return Arriving("events PutEvents", add, lambda: [], make, at_once=3, most=90)


def queues(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Queues."""

    def read() -> Iterable[str]:
        found = victim.sure("sqs", "list_queues", QueueNamePrefix="kills-queue-").get("QueueUrls", [])
        return [url.rpartition("kills-queue-")[2].replace("-", ".") for url in found]

    def add(names: list[str]) -> None:
        victim.ask("sqs", "create_queue", QueueName=f"kills-queue-{names[0].replace('.', '-')}")

    return Growing("sqs CreateQueue", add, read, most=60)


def metrics(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Values of a metric."""

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


def log_events(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Log events of a stream."""
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
