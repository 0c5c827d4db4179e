"""Asynchronous invocations, by a clock that a test holds: when an event runs again, and when it ends."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

from localcloud.durability.database import Database
from localcloud.lambda_.later import records, rules
from localcloud.lambda_.later.accepted import Accepted, AcceptedEvent, LastAnswer
from localcloud.lambda_.later.queue import EventQueue
from localcloud.lambda_.later.rules import EventRules, Pace

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
EVENT = AcceptedEvent(1, ARN, '{"n": 1}', "8f3a", accepted=1000.0, due=1000.0)
FAILED = LastAnswer("$LATEST", '{"errorMessage": "no"}', failed=True)


def failing(event: AcceptedEvent, given: EventRules, pace: Pace = rules.HERE) -> list[tuple[float, str | None]]:
    """When an event of a function that always fails ran, since it was accepted, and in what it ended."""
    seen = []
    while event.ended is None:
        begun = event.due
        event = rules.ran(event, FAILED, given, now=begun, pace=pace)
        seen.append((begun - event.accepted, event.ended))
    return seen


def test_the_waits_are_short_here_and_awss_if_they_are_asked_for():
    assert failing(EVENT, EventRules()) == [(0, None), (1, None), (3, "RetriesExhausted")]
    aws = Pace(retries=rules.AWS_WAITS, longest=rules.AWS_LONGEST_WAIT)
    assert failing(EVENT, EventRules(), aws) == [(0, None), (60, None), (180, "RetriesExhausted")]


def test_an_age_has_the_same_effect_with_either_waits():
    for pace in (rules.HERE, Pace(retries=rules.AWS_WAITS)):
        counts = [len(failing(EVENT, EventRules(seconds=seconds), pace)) for seconds in (60, 61, 179, 181)]
        assert counts == [2, 2, 2, 3]
        assert failing(EVENT, EventRules(seconds=59), pace) == [(0, "EventAgeExceeded")]


def test_a_throttled_event_waits_longer_each_time_until_it_is_too_old():
    event, waits = EVENT, []
    while event.ended is None:
        now = event.due
        event = rules.not_run(event, (429, "Rate Exceeded."), EventRules(seconds=60), now=now)
        waits.append(event.due - now)
    assert waits[:5] == [1, 2, 4, 5, 5]
    assert (event.ended, event.attempts) == ("EventAgeExceeded", 0)
    assert event.due - event.accepted <= 60
    attributes = records.dead_letter_attributes(event)
    assert (attributes["ErrorCode"], attributes["ErrorMessage"]) == (("Number", "429"), ("String", "Rate Exceeded."))
    assert "responseContext" not in records.record(event, now=0.0)


def test_throttles_are_no_retries():
    event = rules.not_run(EVENT, (429, "Rate Exceeded."), EventRules(), now=1000.0)
    assert len(failing(event, EventRules())) == 3


def test_a_large_record_of_a_failure_goes_to_a_topic_without_its_payloads():
    ended = replace(EVENT, payload=json.dumps("x" * 300_000), answer=FAILED, ended="RetriesExhausted", attempts=3)
    assert "requestPayload" not in json.loads(records.notification(ended, now=0.0))
    assert "requestPayload" in json.loads(records.notification(replace(ended, ended="Success"), now=0.0))


def test_a_long_error_message_is_cut_and_an_empty_one_left_out():
    long = replace(EVENT, answer=replace(FAILED, payload=json.dumps({"errorMessage": "é" * 2000})))
    assert len(records.dead_letter_attributes(long)["ErrorMessage"][1].encode()) == 1024
    empty = replace(EVENT, answer=replace(FAILED, payload='{"errorMessage": ""}'))
    assert "ErrorMessage" not in records.dead_letter_attributes(empty)


def test_an_answer_that_is_no_json_is_in_the_record_as_text():
    answered = replace(EVENT, answer=LastAnswer("1", "plain", failed=False), ended="Success")
    assert records.record(answered, now=0.0)["responsePayload"] == "plain"


def test_what_is_kept_of_an_event_is_read_again():
    accepted = Accepted(Database())
    event = accepted.add(f"{ARN}:live", "{}", now=5.0, trace="Root=1")
    event = replace(event, attempts=2, answer=FAILED, refusal=(429, "Rate Exceeded."), ended="EventAgeExceeded")
    accepted.keep(event)
    assert accepted.waiting() == [event]
    assert (event.name, event.qualifier, event.function_arn) == ("f", "live", ARN)


def test_no_more_events_of_a_function_are_processed_at_once_than_it_may():
    """Two at once must meet, or the barrier breaks. A third would be seen."""
    together, running, lock = threading.Barrier(2), [0], threading.Lock()
    most_seen, done = [0], threading.Semaphore(0)

    def process(event: AcceptedEvent) -> None:
        with lock:
            running[0] += 1
            most_seen[0] = max(most_seen[0], running[0])
        together.wait(60)
        with lock:
            running[0] -= 1
        together.wait(60)
        done.release()

    queue = EventQueue(process, lambda event: 2, lambda: 0.0)
    for number in range(6):
        queue.put(replace(EVENT, number=number, due=0.0))
    assert all(done.acquire(timeout=60) for _ in range(6))
    assert most_seen == [2]


def test_a_function_that_is_full_does_not_hold_up_another():
    go, other = threading.Event(), threading.Event()

    def process(event: AcceptedEvent) -> None:
        if event.name == "f":
            go.wait(60)
        else:
            other.set()

    queue = EventQueue(process, lambda event: 1, lambda: 0.0)
    for number in range(3):
        queue.put(replace(EVENT, number=number, due=0.0))
    queue.put(replace(EVENT, arn=f"{ARN}2", due=0.0))
    assert other.wait(60)
    go.set()
