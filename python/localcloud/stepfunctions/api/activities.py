"""The operations on activities, and those by which workers take tasks and answer them."""

from __future__ import annotations

from typing import Any, Protocol

from localcloud.stepfunctions.api import configurations
from localcloud.stepfunctions.api.arns import made, named, parsed
from localcloud.stepfunctions.api.errors import ApiError, quoting
from localcloud.stepfunctions.api.finding import activity_of
from localcloud.stepfunctions.api.inputs import problem
from localcloud.stepfunctions.api.pages import page
from localcloud.stepfunctions.api.tags import as_dict
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.clock import Clock
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.models import Activity
from localcloud.stepfunctions.store import Stores

Json = Any

#: "The maximum time the service holds on to the request before responding is 60 seconds."
LONG_POLL = 60.0


class Tasks(Protocol):
    """The tasks that wait for an answer. :class:`localcloud.stepfunctions.runner.Runner` has them."""

    def take(self, activity_arn: str, worker: str | None, seconds: float) -> tuple[str, str] | None:
        """The token and the input of an activity's next task; None if there is none for so long."""

    def known(self, token: str) -> None:
        """Check a token. Raises UnknownTask or TaskTimedOut."""

    def succeed(self, token: str, output: Json) -> None:
        """A task has succeeded. Raises UnknownTask or TaskTimedOut."""

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        """A task has failed. Raises UnknownTask or TaskTimedOut."""

    def heartbeat(self, token: str) -> None:
        """A task makes progress. Raises UnknownTask or TaskTimedOut."""


class ActivityOperations:
    """The operations on activities and on tasks."""

    def __init__(self, stores: Stores, tasks: Tasks, now: Clock) -> None:
        self._stores, self._tasks, self._now = stores, tasks, now

    def create(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """CreateActivity. The same name again answers the same; tags do not count."""
        name, tags = named(given["name"]), as_dict(given.get("tags", []))
        encryption = configurations.encryption(given.get("encryptionConfiguration"))
        arn = made("activity", sender.account, sender.region, name)
        store = self._stores.of(sender.account, sender.region)
        with store.lock:
            activity = store.activities.setdefault(arn, Activity(arn, name, self._now(), encryption, tags))
        if activity.encryption != encryption:
            raise quoting("ActivityAlreadyExists", arn)
        return {"activityArn": arn, "creationDate": activity.created}

    def describe(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DescribeActivity."""
        activity = activity_of(self._stores.of(sender.account, sender.region), given["activityArn"])
        return {**_listed(activity), "encryptionConfiguration": activity.encryption}

    def delete(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DeleteActivity."""
        parsed(given["activityArn"], "activity")
        self._stores.of(sender.account, sender.region).activities.pop(given["activityArn"], None)
        return {}

    def list(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ListActivities, by name."""
        activities = sorted(
            self._stores.of(sender.account, sender.region).activities.values(), key=lambda one: one.name
        )
        shown, token = page("ListActivities", activities, key=lambda one: one.name, given=given)
        return {"activities": [_listed(one) for one in shown], "nextToken": token}

    def get_task(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """GetActivityTask: waits for a task. Without one the answer has no token."""
        activity = activity_of(self._stores.of(sender.account, sender.region), given["activityArn"])
        taken = self._tasks.take(activity.arn, given.get("workerName"), LONG_POLL)
        return {"taskToken": taken[0], "input": taken[1]} if taken else {}

    def succeed(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """SendTaskSuccess."""
        self._tasks.known(given["taskToken"])
        if wrong := problem(given["output"]):
            raise ApiError("InvalidOutput", f"Invalid Output: '{wrong}'")
        self._tasks.succeed(given["taskToken"], values.parsed(given["output"]))
        return {}

    def fail(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """SendTaskFailure."""
        self._tasks.fail(given["taskToken"], given.get("error"), given.get("cause"))
        return {}

    def heartbeat(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """SendTaskHeartbeat."""
        self._tasks.heartbeat(given["taskToken"])
        return {}


def _listed(activity: Activity) -> dict[str, Any]:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.created}
