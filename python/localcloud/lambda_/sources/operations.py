"""The operations on event source mappings. They replace moto's.

moto: ``awslambda/models.py``, ``EventSourceMapping``. It invokes the function in the sender's request, once for each
message, ignores filters and batch item failures, and deletes or returns messages at once.

AWS: AWS Lambda API Reference: Create-, Get-, List-, Update- and DeleteEventSourceMapping. Each of them that changes
something answers 202 with a state that passes: Creating, Updating, Enabling, Disabling, Deleting.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError

from localcloud.iam.roles import Roles
from localcloud.identifiers import new_uuid
from localcloud.lambda_.gaps.quotas import check_tags
from localcloud.lambda_.sources import requests
from localcloud.lambda_.sources.mappings import DELETING, DISABLING, ENABLING, UPDATING, QueueMapping, held_by
from localcloud.lambda_.sources.poller import Deliver, find_queue
from localcloud.lambda_.sources.pollers import Pollers

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend, LambdaFunction
    from moto.awslambda.responses import LambdaResponse

Answer = tuple[int, dict[str, Any], str]
MOST_LISTED = 100
KIND = "event-source-mapping"


def install(pollers: Pollers, roles: Roles, deliver: Deliver) -> None:
    """Replace moto's operations.

    Args:
        deliver: Refuses a function that cannot run here.
    """
    from moto.awslambda.responses import LambdaResponse

    def check(function_arn: str, function: LambdaFunction, source_arn: str) -> None:
        deliver(function_arn, {}, dry=True)
        requests.check_queue(find_queue(source_arn), function)
        requests.check_role(roles, function, source_arn)

    def create(self: LambdaResponse) -> Answer:
        given = json.loads(self.body)
        place = {"account": self.current_account, "region": self.region}
        source_arn = requests.source_of(given, **place)
        function_arn, function = _function(self.backend, given.get("FunctionName"))
        tags = dict(given.get("Tags") or {})
        check_tags({}, tags)
        bare = QueueMapping(new_uuid(), source_arn, function_arn, tags=tags, last_modified=time.time())
        mapping = requests.changed(bare, given)
        check(function_arn, function, source_arn)
        with pollers.lock:
            requests.check_new(held_by(self.backend), mapping)
            held_by(self.backend)[mapping.uuid] = mapping
        pollers.look_at(mapping)
        return 202, {"status": 202}, mapping.answer()

    def update(self: LambdaResponse) -> Answer:
        given = json.loads(self.body)
        function_arn = _known(self).function_arn
        if given.get("FunctionName"):
            function_arn, function = _function(self.backend, given["FunctionName"])
            check(function_arn, function, _known(self).source_arn)
        with pollers.lock:
            known = _known(self)
            if known.state == DELETING:
                raise MappingInUse(
                    "ResourceInUseException", "Cannot update the event source mapping because it is being deleted."
                )
            made = dataclasses.replace(requests.changed(known, given), function_arn=function_arn)
            state = UPDATING if made.enabled == known.enabled else ENABLING if made.enabled else DISABLING
            mapping = dataclasses.replace(made, state=state, last_modified=time.time(), problem="")
            held_by(self.backend)[mapping.uuid] = mapping
        pollers.look_at(mapping)
        return 202, {"status": 202}, mapping.answer()

    def delete(self: LambdaResponse) -> Answer:
        with pollers.lock:
            mapping = dataclasses.replace(_known(self), state=DELETING)
            held_by(self.backend)[mapping.uuid] = mapping
        pollers.look_at(mapping)
        return 202, {"status": 202}, mapping.answer()

    LambdaResponse.create_event_source_mapping = create
    LambdaResponse.update_event_source_mapping = update
    LambdaResponse.delete_event_source_mapping = delete
    LambdaResponse.get_event_source_mapping = lambda self: (200, {}, _known(self).answer())
    LambdaResponse.list_event_source_mappings = _list
    for name in ("list_tags", "tag_resource", "untag_resource"):
        setattr(LambdaResponse, name, _tagging(name, getattr(LambdaResponse, name)))


class MappingInUse(LambdaClientError):
    """A mapping is being deleted."""

    code = 400


def _known(request: LambdaResponse, uuid: str | None = None) -> QueueMapping:
    found = held_by(request.backend).get(uuid or unquote(request.path.rstrip("/").rpartition("/")[2]))
    if found is None:
        raise requests.MappingMissing("ResourceNotFoundException", "The resource you requested does not exist.")
    return found


def _function(backend: LambdaBackend, named: str | None) -> tuple[str, LambdaFunction]:
    """The ARN of a request's function, with the qualifier of the request, and the function.

    Args:
        named: ``name`` or ``name:qualifier``.
    """
    if not named:
        raise InvalidParameterValueException(
            "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: "
            "Member must not be null"
        )
    name, _, qualifier = named.partition(":")
    try:
        function = backend.get_function(name, qualifier or None)
    except LambdaClientError:
        raise InvalidParameterValueException("Function does not exist") from None
    return f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{named}", function


def _list(self: LambdaResponse) -> str:
    def asked(name: str) -> str:
        return (self.querystring.get(name) or [""])[0]

    source, named, marker = asked("EventSourceArn"), asked("FunctionName"), asked("Marker")
    found = [
        one
        for one in held_by(self.backend).values()
        if source in ("", one.source_arn) and named in ("", ":".join(one.function_arn.split(":")[6:]))
    ]
    first = next((number for number, one in enumerate(found) if one.uuid == marker), 0)
    most = min(int(asked("MaxItems") or MOST_LISTED), MOST_LISTED)
    further = found[first + most : first + most + 1]
    answer: dict[str, Any] = {"EventSourceMappings": [one.described() for one in found[first : first + most]]}
    return json.dumps({**answer, **({"NextMarker": further[0].uuid} if further else {})})


def _tagging(name: str, others: Callable[[LambdaResponse], Any]) -> Callable[[LambdaResponse], Any]:
    """ListTags, TagResource or UntagResource, of mappings too."""

    def run(self: LambdaResponse) -> Any:
        arn = unquote(self.path.rpartition("/tags/")[2])
        kind, uuid = (arn.split(":") + [""] * 7)[5:7]
        if kind != KIND:
            return others(self)
        mapping = _known(self, uuid)
        if name == "list_tags":
            return json.dumps({"Tags": mapping.tags})
        if name == "tag_resource":
            given = json.loads(self.body)["Tags"]
            check_tags(mapping.tags, given)
            tags = {**mapping.tags, **given}
        else:
            tags = {key: value for key, value in mapping.tags.items() if key not in self.querystring["tagKeys"]}
        held_by(self.backend)[mapping.uuid] = dataclasses.replace(mapping, tags=tags)
        return 204, {"status": 204}, ""

    return run
