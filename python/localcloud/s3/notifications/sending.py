"""Tells functions, queues, topics and EventBridge of objects, in the background, and checks a bucket's configuration.

moto: ``s3/notifications.py`` calls the targets while the client waits, without their policies, and drops every failure.
``s3/models.py`` sends an event about tags and ACLs whenever an object is put, two for an upload in parts, none for a
delete marker, and one for a version only if it was the last one.

AWS: Amazon S3 User Guide, "Amazon S3 Event Notifications": "event notifications are designed to be delivered at least
once". The targets' policies are checked when they are configured, unless the request says not to, and at each
delivery. Queues and topics get an s3:TestEvent then.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request
from moto.s3 import notifications
from moto.s3.exceptions import InvalidArgumentError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from localcloud import chain, log
from localcloud.context import Context
from localcloud.events import sending
from localcloud.events.courier import Courier
from localcloud.events.delivery import send_to_default_bus
from localcloud.events.failures import Undelivered
from localcloud.events.pending import Delivery, Origin, PendingEvents
from localcloud.iam.enforcement import OPERATION
from localcloud.iam.principals import PRINCIPAL, identity
from localcloud.iam.roles import Roles
from localcloud.s3.notifications import configuration
from localcloud.s3.notifications.records import ObjectEvent, Requester, customer, message, record, test_event

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket

SERVICE = "s3.amazonaws.com"
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}
UNREACHABLE = "Unable to validate the following destination configurations"
#: These events belong to operations of their own. moto sends them in the course of others, too.
ONLY_BY = {
    "s3:ObjectTagging:Put": "s3:PutObjectTagging",
    "s3:ObjectTagging:Delete": "s3:DeleteObjectTagging",
    "s3:ObjectAcl:Put": "s3:PutObjectAcl",
}
NOT_BY = {"s3:ObjectCreated:Put": "s3:CompleteMultipartUpload"}
SKIP = "x-amz-skip-destination-validation"


class Sequence:
    """Numbers that grow, also when the clock does not."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock, self._last, self._lock = clock, 0, threading.Lock()

    def next(self) -> str:
        """Eighteen hexadecimal digits."""
        with self._lock:
            self._last = max(self._last + 1, self._clock())
            return f"{self._last:018X}"


class Notifier:
    """Sends what buckets' configurations ask for."""

    def __init__(self, context: Context) -> None:
        self._roles: Roles = context.roles
        self._actions = context.actions
        self._pending = PendingEvents(context.database, "notification")
        self._courier = Courier(context.backends, self._pending, self)
        self._sequence = Sequence()
        context.starting.append(self._courier.resume)

    def happened(self, account: str, name: str, bucket: FakeBucket, key: Any, version: str | None = None) -> None:
        """Tell of a change, if the bucket's configuration asks for it. Whoever changes the object never fails by it.

        Args:
            name: ``s3:ObjectCreated:Put``.
            key: The object, or what it was.
            version: The version's id, if it is another one than the object's.
        """
        try:
            self._tell(account, name, bucket, key, version)
        except Exception as error:  # noqa: BLE001 - the object is changed all the same
            log.failure(error)

    def _tell(self, account: str, name: str, bucket: FakeBucket, key: Any, version: str | None) -> None:
        wanted = bucket.notification_configuration
        if wanted is None:
            return
        watches = [one for one in (*wanted.cloud_function, *wanted.queue, *wanted.topic) if one.matches(name, key.name)]
        if not watches and wanted.event_bridge is None:
            return
        removed = name.startswith("s3:ObjectRemoved:")
        event = ObjectEvent(
            name=name,
            bucket=bucket.name,
            region=bucket.region_name,
            account=account,
            key=key.name,
            version=(version or key.version_id) if bucket.is_versioned else None,
            size=None if removed else key.size,
            etag=None if removed else key.etag.strip('"'),
            requester=_requester(account),
            time=time.time(),
            sequencer=self._sequence.next(),
        )
        origin = Origin(bucket.name, bucket.arn, account, bucket.region_name)
        for one in watches:
            content = record(event, one.id)
            self._courier.take(self._pending.add(origin, {"Arn": one.arn}, content, event.time, chain.current()))
        if wanted.event_bridge is not None:
            send_to_default_bus(message(event))

    def carry(self, delivery: Delivery) -> None:
        """Deliver a record once, if the target's policy allows it.

        Raises:
            Exception: Whatever the target's service raises.
        """
        arn = delivery.target["Arn"]
        self._authorize(arn, delivery.origin.arn, delivery.origin.account)
        text = json.dumps(delivery.event)
        if arn.split(":")[2] == "lambda":
            self._actions["lambda:InvokeAsync"](arn, text, trace_header=delivery.trace)
        else:
            with chain.carrying(delivery.trace):
                _send(arn, text)

    def bury(self, delivery: Delivery, failure: Undelivered, limit: str | None) -> None:
        """Drop what is never delivered. S3 has no dead-letter queue."""

    def check(self, given: configuration.Given, bucket: FakeBucket, account: str) -> None:
        """Refuse destinations that do not exist, or whose policy does not let S3 in, and send the others a test.

        Raises:
            InvalidArgumentError: With AWS's words.
        """
        asked = _requester(account).request
        test = json.dumps(test_event(bucket.name, asked, time.time()))
        arns = list(dict.fromkeys(watch.arn for watch in configuration.watches(given)))
        for arn in arns:
            try:
                self._authorize(arn, bucket.arn, account)
                if arn.endswith(".fifo"):
                    raise ValueError("S3 sends to no FIFO queue or topic")
                _find(arn)
            except Exception as error:  # noqa: BLE001 - whatever it is, S3 cannot reach the destination
                log.line(f"{UNREACHABLE}: {error}")
                raise InvalidArgumentError(UNREACHABLE, arn, str(error)) from None
        for arn in arns:
            if arn.split(":")[2] != "lambda":
                _send(arn, test)

    def _authorize(self, arn: str, bucket_arn: str, account: str) -> None:
        action = ACTIONS[arn.split(":")[2]]
        self._roles.require_service(SERVICE, action, arn, source_arn=bucket_arn, account=account)


def install(context: Context) -> None:
    """Replace moto's notifications."""
    notifier = Notifier(context)
    put, delete = S3Backend.put_bucket_notification_configuration, S3Backend.delete_object

    def send_event(account_id: str, event_name: str, bucket: FakeBucket, key: Any) -> None:
        name = str(getattr(event_name, "value", event_name))
        if name.startswith("s3:ObjectRemoved:"):
            return  # delete_object tells of it
        operation = request.environ.get(OPERATION, ("",))[0] if has_request_context() else None
        if operation and (ONLY_BY.get(name, operation) != operation or NOT_BY.get(name) == operation):
            return
        notifier.happened(account_id, name, bucket, key)

    def put_bucket_notification_configuration(
        self: S3Backend, bucket_name: str, notification_config: dict[str, Any]
    ) -> None:
        if not (has_request_context() and request.headers.get(SKIP, "").lower() == "true"):
            notifier.check(notification_config, self.get_bucket(bucket_name), self.account_id)
        put(self, bucket_name, notification_config)

    def delete_object(
        self: S3Backend, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        bucket = self.get_bucket(bucket_name)
        gone = _doomed(bucket, key_name, version_id)
        done, meta = delete(self, bucket_name, key_name, version_id, bypass)
        if done and bucket.is_versioned and version_id is None:
            marker, version = "s3:ObjectRemoved:DeleteMarkerCreated", str(meta["version-id"])
            notifier.happened(self.account_id, marker, bucket, gone or bucket.keys[key_name], version)
        elif done and gone is not None:
            notifier.happened(self.account_id, "s3:ObjectRemoved:Delete", bucket, gone, version_id)
        return done, meta

    notifications.send_event = send_event
    notifications.send_test_event = lambda account_id, bucket: None
    S3Backend.put_bucket_notification_configuration = put_bucket_notification_configuration
    S3Backend.delete_object = delete_object
    S3Response._notification_config_from_body = lambda self: configuration.read(self.body)


def _doomed(bucket: FakeBucket, key: str, version: str | None) -> Any:
    """The object that is to be deleted, or its version; None if there is none."""
    if version is None or not bucket.is_versioned:
        return bucket.keys.get(key)
    versions = bucket.keys.getlist(key, [])
    return next((one for one in versions if str(one.version_id) == str(version)), None)


def _send(arn: str, text: str) -> None:
    match arn.split(":")[2]:
        case "sqs":
            sending.to_queue(arn, text)
        case "sns":
            sending.to_topic(arn, text, subject="Amazon S3 Notification")


def _find(arn: str) -> None:
    """Fail if a destination does not exist."""
    region, account = arn.split(":")[3:5]
    match arn.split(":")[2]:
        case "lambda":
            from moto.awslambda.models import lambda_backends

            lambda_backends[account][region].get_function(arn)
        case "sqs":
            from moto.sqs.models import sqs_backends

            sqs_backends[account][region].get_queue(arn.rpartition(":")[2])
        case "sns":
            from moto.sns.models import sns_backends

            sns_backends[account][region].get_topic(arn)


def _requester(account: str) -> Requester:
    """Whoever sends the request that is being answered; the account itself outside of requests."""
    asked = uuid.uuid4().hex[:16].upper()
    if not has_request_context():
        return Requester(customer(account), "127.0.0.1", asked)
    who = request.environ.get(PRINCIPAL)
    found = identity(who) if who else None
    return Requester(f"AWS:{found}" if found else customer(account), request.remote_addr or "127.0.0.1", asked)
