"""Log events come from the store. Groups and streams stay moto's.

moto keeps the events of a stream in a list (``logs/models.py``, ``LogStream.events``), sorts all of it for each page,
and ignores a group's retention.

AWS: Amazon CloudWatch Logs API Reference. GetLogEvents excludes its endTime and FilterLogEvents includes it. The tokens
of GetLogEvents lead forward and backward from a page, and at the end of a stream the same token comes again.
FilterLogEvents returns the streams interleaved. There is one difference from AWS: expired events are deleted within
ten minutes, and not within 72 hours.
"""

from __future__ import annotations

import json
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from moto.core.utils import unix_time_millis
from moto.logs import models
from moto.logs.exceptions import InvalidParameterException
from moto.logs.logs_query import ParsedEvent
from moto.logs.logs_query.query_parser import parse_query
from moto.logs.models import LogGroup, LogsBackend, LogStream, logs_backends
from moto.logs.responses import LogsResponse
from moto.logs.utils import EventMessageFilter

from localcloud.durability import upkeep
from localcloud.logs import patterns
from localcloud.logs.store import GroupKey, LogStore, Place, StoredEvent

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_EVENTS = 10_000  # in one answer; of a query, too
MOST_QUERIES = 100  # whose results are kept
CLEAN_SECONDS = 600.0
DAY = 86_400_000  # milliseconds
TOKEN_DIGITS = 28


def install(store: LogStore) -> None:
    """Let groups and streams find their events in the store, and delete what a group does not keep any longer."""
    _streams(store)
    _groups(store)
    _queries(store)
    upkeep.every(CLEAN_SECONDS, lambda: store.clean(oldest(time.time())))


def _streams(store: LogStore) -> None:
    def events(self: LogStream) -> list[StoredEvent]:
        return list(store.read(key_of(self.log_group), [self.log_stream_name]))

    def begin(self: LogStream, events: list[Any]) -> None:
        store.begin(key_of(self.log_group), self.log_stream_name)  # moto gives an empty list to a new stream

    def stored_bytes(self: LogStream) -> int:
        return store.facts(key_of(self.log_group), self.log_stream_name).bytes

    def put_log_events(self: LogStream, log_events: list[dict[str, Any]]) -> str:
        group = key_of(self.log_group)
        numbers = store.put(group, self.log_stream_name, log_events, int(time.time() * 1000))
        for subscription in self.log_group.subscription_filters.values():
            arn, name = subscription.destination_arn, subscription.name
            found = [
                {"id": number, "timestamp": event["timestamp"], "message": event["message"]}
                for number, event in zip(numbers, log_events, strict=True)
            ]
            self._send_log_events(service=arn.split(":")[2], destination_arn=arn, filter_name=name, log_events=found)
        return f"{store.facts(group, self.log_stream_name).writes:056d}"

    def to_describe_dict(self: LogStream) -> dict[str, Any]:
        facts = store.facts(key_of(self.log_group), self.log_stream_name)
        found = {
            "arn": self.arn,
            "creationTime": int(unix_time_millis(self.creation_time)),
            "logStreamName": self.log_stream_name,
            "storedBytes": facts.bytes,
        }
        if facts.first is None:
            return found
        return found | {
            "firstEventTimestamp": facts.first,
            "lastEventTimestamp": facts.last,
            "lastIngestionTime": facts.ingested,
            "uploadSequenceToken": str(facts.writes),
        }

    def get_log_events(
        self: LogStream,
        start_time: int | None,
        end_time: int | None,
        limit: int | None,
        next_token: str | None,
        start_from_head: bool,
    ) -> tuple[list[dict[str, Any]], str, str]:
        forward, place = _parsed(next_token) if next_token else (bool(start_from_head), None)
        after, before = (start_time or 0, 0), (end_time or 1 << 62, 0)
        if place:
            after, before = (max(after, place), before) if forward else (after, min(before, place))
        found = store.read(
            key_of(self.log_group), [self.log_stream_name], after=after, before=before, newest=not forward
        )
        page = sorted(islice(found, limit or MOST_EVENTS), key=lambda event: event.place)
        if page:
            first, last = page[0].place, page[-1].place
        else:
            moment, number = place or (0, 0)
            first, last = (
                ((moment, number + 1), (moment, number)) if forward else ((moment, number), (moment, number - 1))
            )
        shown = [
            {"ingestionTime": one.ingestion_time, "message": one.message, "timestamp": one.timestamp} for one in page
        ]
        return shown, _token("b", first), _token("f", last)

    LogStream.events = property(events, begin)
    LogStream.stored_bytes = property(stored_bytes, lambda self, value: None)  # moto's __init__ sets it
    LogStream.put_log_events = put_log_events
    LogStream.to_describe_dict = to_describe_dict
    LogStream.get_log_events = get_log_events


def _groups(store: LogStore) -> None:
    make, delete_stream, delete_group = LogGroup.__init__, LogGroup.delete_log_stream, LogsBackend.delete_log_group
    put = LogsResponse.put_log_events

    def __init__(self: LogGroup, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        store.forget(key_of(self))

    def delete_log_stream(self: LogGroup, log_stream_name: str) -> None:
        delete_stream(self, log_stream_name)
        store.forget(key_of(self), log_stream_name)

    def delete_log_group(self: LogsBackend, log_group_name: str) -> None:
        delete_group(self, log_group_name)
        store.forget((self.account_id, self.region_name, log_group_name))

    def put_log_events(self: LogsResponse) -> str:
        answer = put(self)
        store.flush()
        return answer

    def filter_log_events(
        self: LogGroup,
        log_group_name: str,
        log_stream_names: list[str],
        start_time: int | None,
        end_time: int | None,
        limit: int | None,
        next_token: str | None,
        filter_pattern: str | None,
        interleaved: bool,
    ) -> tuple[list[dict[str, Any]], str | None, list[dict[str, Any]]]:
        after: Place = (start_time or 0, 0)
        if next_token:
            after = max(after, _parsed(next_token)[1])
        matches = _matching(filter_pattern or "")
        found = store.read(key_of(self), log_stream_names or None, after=after, before=((end_time or 1 << 61) + 1, 0))
        wanted = limit or MOST_EVENTS
        page = list(islice((one for one in found if matches(one.message)), wanted + 1))
        token = _token("f", page[wanted - 1].place) if len(page) > wanted else None
        searched = [
            {"logStreamName": name, "searchedCompletely": True}
            for name in list(self.streams)
            if not log_stream_names or name in log_stream_names
        ]
        return [_filtered(one) for one in page[:wanted]], token, searched

    LogGroup.__init__ = __init__
    LogGroup.delete_log_stream = delete_log_stream
    LogGroup.filter_log_events = filter_log_events
    LogsBackend.delete_log_group = delete_log_group
    LogsResponse.put_log_events = put_log_events


def _queries(store: LogStore) -> None:
    start = LogsBackend.start_query

    def execute_query(log_groups: list[LogGroup], query: str, start_time: int, end_time: int) -> list[dict[str, Any]]:
        parsed = parse_query(query)
        newest = parsed.sort_reversed()
        after, before = (start_time * 1000, 0), (end_time * 1000 + 1, 0)
        found: list[ParsedEvent] = []
        for group in log_groups:
            for event in islice(
                store.read(key_of(group), after=after, before=before, newest=newest), parsed.limit or MOST_EVENTS
            ):
                if stream := group.streams.get(event.stream):
                    found.append(ParsedEvent(event=event, query=parsed, log_stream=stream, log_group=group))
        return [event.fields for event in sorted(found, reverse=newest)][: parsed.limit or MOST_EVENTS]

    def start_query(self: LogsBackend, *given: Any, **named: Any) -> str:
        identity: str = start(self, *given, **named)
        for old in list(self.queries)[:-MOST_QUERIES]:
            del self.queries[old]
        return identity

    models.execute_query = execute_query
    LogsBackend.start_query = start_query


def oldest(now: float) -> dict[GroupKey, int]:
    """The time of the oldest events that each group with a retention keeps, in milliseconds since 1970."""
    return {
        key_of(group): int(now * 1000) - int(group.retention_in_days) * DAY
        for regions in list(logs_backends.values())
        for backend in list(regions.values())
        for group in list(backend.groups.values())
        if group.retention_in_days
    }


def key_of(group: LogGroup) -> GroupKey:
    """What identifies a group."""
    return group.account_id, group.region, group.name


def _matching(pattern: str) -> Callable[[str], bool]:
    """Whether a message matches a filter pattern: one for JSON, or one of moto's for text."""
    if not pattern.strip().startswith("{"):
        return EventMessageFilter(pattern).matches
    try:
        found = patterns.compile_pattern(pattern)
    except patterns.UnknownPattern as error:
        raise InvalidParameterException(str(error)) from None

    def matches(message: str) -> bool:
        try:
            return found(json.loads(message))
        except ValueError:
            return False

    return matches


def _filtered(event: StoredEvent) -> dict[str, Any]:
    return {
        "eventId": str(event.event_id),
        "ingestionTime": event.ingestion_time,
        "message": event.message,
        "timestamp": event.timestamp,
        "logStreamName": event.stream,
    }


def _token(direction: str, place: Place) -> str:
    return f"{direction}/{place[0]:0{TOKEN_DIGITS}d}{place[1]:0{TOKEN_DIGITS}d}"


def _parsed(token: str) -> tuple[bool, Place]:
    """Whether a token leads forward, and the place from which."""
    try:
        direction, digits = token.split("/")
        if direction in ("f", "b") and len(digits) == 2 * TOKEN_DIGITS:
            return direction == "f", (int(digits[:TOKEN_DIGITS]), int(digits[TOKEN_DIGITS:]))
    except ValueError:
        pass
    raise InvalidParameterException("The specified nextToken is invalid.")
