"""The operations on the tags of state machines and activities."""

from __future__ import annotations

from typing import Any

from localcloud.stepfunctions.api.arns import parsed
from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.models import Activity, StateMachine
from localcloud.stepfunctions.store import Stores

#: "You can add up to 50 tags to a resource."
MOST = 50


class TagOperations:
    """The operations on tags."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def tag(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """TagResource."""
        resource = self._resource(sender, given["resourceArn"])
        resource.tags = limited(resource.tags | as_dict(given["tags"]))
        return {}

    def untag(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """UntagResource."""
        resource = self._resource(sender, given["resourceArn"])
        resource.tags = {key: value for key, value in resource.tags.items() if key not in given["tagKeys"]}
        return {}

    def list(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ListTagsForResource."""
        tags = self._resource(sender, given["resourceArn"]).tags
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _resource(self, sender: Sender, arn: str) -> StateMachine | Activity:
        parsed(arn, "stateMachine", "activity")
        store = self._stores.of(sender.account, sender.region)
        found = store.machines.get(arn) or store.activities.get(arn)
        if found is None:
            raise ApiError("ResourceNotFound", f"Resource not found: '{arn}'")
        return found


def as_dict(tags: list[dict[str, str]]) -> dict[str, str]:
    """A list of tags as a dict.

    Raises:
        ApiError: TooManyTags.
    """
    return limited({tag["key"]: tag.get("value", "") for tag in tags if "key" in tag})


def limited(tags: dict[str, str]) -> dict[str, str]:
    """Tags, if they are not too many.

    Raises:
        ApiError: TooManyTags.
    """
    if len(tags) > MOST:
        raise ApiError("TooManyTags", f"Too many tags: {len(tags)}. A resource has at most {MOST} tags.")
    return tags
