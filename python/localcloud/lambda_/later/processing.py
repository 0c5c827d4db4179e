"""Carries out asynchronous invocations: runs each event that was accepted, tries again, and sends what remains of it.

What it decides is in the database before it is done. A cloud that is killed goes on: a run that had not ended is run
again, a wait goes on, and a record that had not been sent is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException

from localcloud import chain, log
from localcloud.context import Context
from localcloud.iam.acting import Acting
from localcloud.lambda_ import lineage, reports, routing
from localcloud.lambda_.later import deliveries, rules
from localcloud.lambda_.later.accepted import Accepted, AcceptedEvent, LastAnswer
from localcloud.lambda_.later.configurations import configuration_of
from localcloud.lambda_.later.pace import FILE, pace_of
from localcloud.lambda_.later.queue import EventQueue
from localcloud.lambda_.pool import most_workers

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend, LambdaFunction

#: The status of a system error, which the event's dead letter has.
SYSTEM_ERROR = 500


class LaterInvocations:
    """The asynchronous invocations of one cloud.

    Args:
        run: Runs an event once, by the version that is given.
        now: The time, in seconds since 1970.
    """

    def __init__(
        self,
        context: Context,
        run: Callable[[LambdaFunction, AcceptedEvent], LastAnswer],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._context, self._run, self._now = context, run, now
        self._accepted = Accepted(context.database)
        self._queue = EventQueue(self._process, self._most, now)

    def accept(self, arn: str, payload: str, *, trace: str | None = None) -> AcceptedEvent:
        """Keep an event, and run it when there is room. It is kept when this returns.

        Args:
            arn: The ARN of the request, with its qualifier.
            payload: JSON text.
            trace: The caller's X-Amzn-Trace-Id.
        """
        header, before = lineage.stepped(trace, arn)
        stopped = before >= lineage.MOST_RUNS and self._terminates(arn)
        ended = rules.RECURSION if stopped else None
        event = self._accepted.add(arn, payload, now=self._now(), trace=header, ended=ended)
        reports.event_received(self._context.metrics, **_whose(event))
        if stopped:
            reports.event_dropped(self._context.metrics, **_whose(event))
            reports.recursion_stopped(self._context.metrics, **_whose(event))
        self._queue.put(event)
        return event

    def _terminates(self, arn: str) -> bool:
        """Whether a function is stopped when it runs in a circle."""
        from moto.awslambda.models import lambda_backends

        _, _, _, region, account, _, name, *_ = arn.split(":")
        try:
            function = routing.latest(lambda_backends[account][region], name)
        except UnknownFunctionException:
            return False
        return lineage.recursive_loop(function) == lineage.TERMINATE

    def resume(self) -> None:
        """Go on with the events that were accepted before the cloud ended.

        An event's age does not count the time in which there was no cloud, because it could not run then.
        """
        for event in self._accepted.waiting():
            self._queue.put(replace(event, accepted=self._now()))

    def _most(self, event: AcceptedEvent) -> int:
        try:
            with self._context.backends.look():
                reserved = reserved_concurrency(_backend(event), event.name)
        except UnknownFunctionException:
            reserved = None
        return most_workers() if reserved is None else reserved

    def _process(self, event: AcceptedEvent) -> None:
        backend = _backend(event)
        try:
            function = routing.chosen(backend, event.name, event.qualifier)
        except UnknownFunctionException:  # it was deleted, and nobody is left to be told
            reports.event_dropped(self._context.metrics, **_whose(event))
            self._accepted.done(event)
            return
        if event.ended is None:
            event = self._attempted(backend, function, event)
            if event.ended is None:
                self._accepted.keep(event)
                self._queue.put(event)
                return
            if event.ended != rules.SUCCESS:
                reports.event_dropped(self._context.metrics, **_whose(event))
        self._finish(backend, function, event)

    def _attempted(self, backend: LambdaBackend, function: LambdaFunction, event: AcceptedEvent) -> AcceptedEvent:
        """The event after one attempt to run it."""
        given = rules.rules_of(configuration_of(backend, event.name, event.qualifier))
        reserved = reserved_concurrency(backend, event.name)
        now = self._now()
        if refused := rules.refused_before(event, given, reserved=reserved, now=now):
            return replace(event, ended=refused)
        reports.event_age(self._context.metrics, seconds=now - event.accepted, **_whose(event))
        pace = pace_of(self._context.place(FILE))
        try:
            answer = self._run(function, event)
        except LambdaClientError as error:
            refusal = (int(error.code), str(error.message))
            return rules.not_run(event, refusal, given, now=self._now(), pace=pace)
        except Exception as error:  # noqa: BLE001 - AWS tries again after a system error
            log.failure(error)
            return rules.not_run(event, (SYSTEM_ERROR, str(error)), given, now=self._now(), pace=pace)
        return rules.ran(event, answer, given, now=self._now(), pace=pace)

    def _finish(self, backend: LambdaBackend, function: LambdaFunction, event: AcceptedEvent) -> None:
        """Send what remains of an event that has ended. What that changes is kept together with the event's end."""
        configuration = configuration_of(backend, event.name, event.qualifier) or {}
        side = "OnSuccess" if event.ended == rules.SUCCESS else "OnFailure"
        destination = ((configuration.get("DestinationConfig") or {}).get(side) or {}).get("Destination")
        dead_letters = None
        if event.ended != rules.SUCCESS:
            dead_letters = (function.kept.get("DeadLetterConfig") or {}).get("TargetArn")
        if event.ended == rules.RECURSION and destination and deliveries.service_of(destination) == "lambda":
            destination = None  # the circle may lead through it
        if not (destination or dead_letters):
            self._accepted.done(event)
            return
        self._accepted.keep(event)  # so that it does not run again, if the cloud is killed while it sends
        acting = Acting(self._context.roles, function.role, event.account, event.region, session=function.function_name)

        def follow(arn: str, text: str) -> None:
            self.accept(arn, text, trace=event.trace)

        with chain.carrying(event.trace), self._context.backends.change() as also:
            if dead_letters and not self._sent(
                event, dead_letters, lambda: deliveries.send_dead_letter(acting, event, dead_letters)
            ):
                reports.dead_letter_lost(self._context.metrics, **_whose(event))
            if destination and not self._sent(
                event,
                destination,
                lambda: deliveries.send_record(acting, event, destination, now=self._now(), invoke=follow),
            ):
                reports.record_lost(self._context.metrics, **_whose(event))
            also.append(self._accepted.removal(event))

    def _sent(self, event: AcceptedEvent, arn: str, send: Callable[[], None]) -> bool:
        try:
            send()
        except Exception as error:  # noqa: BLE001 - AWS counts it, and drops the event
            log.line(f"what remains of event {event.request_id} of {event.arn} could not be sent to {arn}: {error}")
            return False
        return True


def reserved_concurrency(backend: LambdaBackend, name: str) -> int | None:
    """A function's reserved concurrency, which its versions share. None if it has none.

    Raises:
        UnknownFunctionException: There is no such function.
    """
    reserved = routing.latest(backend, name).reserved_concurrency
    return None if reserved is None else int(reserved)


def _backend(event: AcceptedEvent) -> LambdaBackend:
    from moto.awslambda.models import lambda_backends

    return lambda_backends[event.account][event.region]


def _whose(event: AcceptedEvent) -> dict[str, str]:
    return {"name": event.name, "account": event.account, "region": event.region}
