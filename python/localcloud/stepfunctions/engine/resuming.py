"""What a run waits for, so that somebody else can go on with it after a crash.

Example::

    >>> from localcloud.stepfunctions.engine.frames import Facts
    >>> run = Run(Facts("arn:e", "e", "arn:m", "m", "arn:role", 0.0), frames={1: Frame(1, None, (), attempt=1)})
    >>> note(run, [Wake(1, 1, 60.0, "wait")])
    >>> list(asked_again(run, lambda frame: None))
    [Wake(frame=1, attempt=1, moment=60.0, reason='wait')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from localcloud.stepfunctions.engine.effects import Effect, Invoke, Offer, Poll, StartMapRun, Wake
from localcloud.stepfunctions.engine.frames import Frame, Run
from localcloud.stepfunctions.language.program import State


def note(run: Run, effects: Iterable[Effect]) -> None:
    """Note in the frames what they have asked for."""
    for effect in effects:
        if not isinstance(effect, Wake | Invoke | Poll | Offer | StartMapRun):
            continue
        frame = run.frames.get(effect.frame)
        if frame is None or frame.attempt != effect.attempt:
            continue
        match effect:
            case Wake():
                frame.waits[effect.reason] = effect.moment
            case Invoke():
                frame.waits["call"] = True
            case Poll():
                frame.waits["job"] = True
            case Offer():
                frame.waits["worker"] = True
            case StartMapRun():
                frame.waits["items"] = dict(effect.spec)


def asked_again(run: Run, state_of: Callable[[Frame], State]) -> Iterator[Effect]:
    """The effects by which everything is asked for again."""
    if run.until is not None:
        yield Wake(0, 0, run.until, "timeout")
    for frame in list(run.frames.values()):
        for name, value in frame.waits.items():
            yield _effect(frame, state_of, name, value)


def _effect(frame: Frame, state_of: Callable[[Frame], State], name: str, value: Any) -> Effect:
    work = frame.work
    match name:
        case "items":
            return StartMapRun(frame.id, frame.attempt, work["arn"], value)
        case "job":
            return Poll(frame.id, frame.attempt, work["job"], work["role"])
        case "call" | "worker" | "queued":
            resource = state_of(frame).resource
            assert resource is not None  # only a Task calls and offers
            if name == "call":
                return Invoke(frame.id, frame.attempt, resource, work["arguments"], work["role"], work.get("token"))
            queued = name == "queued"
            return Offer(frame.id, frame.attempt, resource.arn, work["token"], work["arguments"], queued)
        case _:
            return Wake(frame.id, frame.attempt, value, name)
