"""The permissions of EventBridge Scheduler's operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on, passing


def _schedule(asked: Asked) -> Iterable[str]:
    group = asked.value("GroupName") or "default"
    return [f"arn:aws:scheduler:{asked.region}:{asked.account}:schedule/{group}/{asked.value('Name') or '*'}"]


SCHEDULE_GROUP = "arn:aws:scheduler:{region}:{account}:schedule-group/{Name}"
TABLE = {
    **{
        name: (Need(f"scheduler:{name}", (_schedule,)), passing("Target.RoleArn", "scheduler.amazonaws.com"))
        for name in ("CreateSchedule", "UpdateSchedule")
    },
    **on(_schedule, "scheduler", "DeleteSchedule", "GetSchedule"),
    "CreateScheduleGroup": (
        Need("scheduler:CreateScheduleGroup", (SCHEDULE_GROUP,)),
        Need("scheduler:TagResource", (SCHEDULE_GROUP,), when="Tags"),
    ),
    **on(SCHEDULE_GROUP, "scheduler", "GetScheduleGroup"),
    # The group's schedules are deleted too.
    "DeleteScheduleGroup": (
        Need("scheduler:DeleteScheduleGroup", (SCHEDULE_GROUP,)),
        Need("scheduler:DeleteSchedule", ("arn:aws:scheduler:{region}:{account}:schedule/{Name}/*",)),
    ),
    **on("{ResourceArn}", "scheduler", "ListTagsForResource", "TagResource", "UntagResource"),
    **on("*", "scheduler", "ListScheduleGroups", "ListSchedules"),
}

TABLES = {"scheduler": TABLE}
