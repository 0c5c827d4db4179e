"""Records every request that is checked, the policies that applied, and the decision.

Recording is on while the cloud's folder has a file ``authorization.step``. Its text is the name of the current step.
Each request becomes a line of ``authorization.jsonl``. Many requests share their policies, so a set of policies becomes
a line of its own at its first use.

Example::

    >>> from localcloud.iam.evaluation import evaluate
    >>> state = Path(".")
    >>> begin_step(state, "train")
    >>> ann = Principal("arn:aws:iam::123456789012:user/ann", "123456789012", "user")
    >>> request = Request(ann, "s3:ListAllMyBuckets")
    >>> Record(state).add(request, Policies(), evaluate(request, Policies()))
    >>> [(judged.step, judged.request.action, judged.decision.allowed) for judged in read(state)]
    [('train', 's3:ListAllMyBuckets', False)]
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imageclassification import files
from localcloud.iam.evaluation import Decision, Policies, Principal, Request
from localcloud.iam.policies import Condition, Element, Statement

STEP, JUDGED = "authorization.step", "authorization.jsonl"
LOOK_SECONDS = 0.1  # a cloud looks for the file so often, and not at each of its thousands of decisions a second


@dataclass(frozen=True)
class Judged:
    """One recorded request, with the step in which it was sent."""

    step: str
    request: Request
    policies: Policies
    decision: Decision


class Record:
    """The record of one local cloud. Several threads may use it."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._step: str | None = None
        self._looked = -LOOK_SECONDS
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def add(self, request: Request, policies: Policies, decision: Decision) -> None:
        """Write a request down if recording is on."""
        step = self.step()
        if step is None:
            return
        content = json.dumps(dataclasses.asdict(policies))
        name = hashlib.sha256(content.encode()).hexdigest()[:16]
        line = {
            "step": step,
            "request": dataclasses.asdict(request),
            "policies": name,
            "decision": dataclasses.asdict(decision),
        }
        with self._lock, (self._state / JUDGED).open("a") as record:
            if name not in self._known:
                record.write(f'{{"name": "{name}", "content": {content}}}\n')
                self._known.add(name)
            record.write(json.dumps(line) + "\n")

    def step(self) -> str | None:
        """The name of the current step; None if recording is off."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            try:
                self._step = (self._state / STEP).read_text().strip()
            except OSError:
                self._step = None
            self._looked = now
        return self._step


def begin_step(state: Path, step: str) -> None:
    """Record from now on, with the name ``step``. It returns when the cloud knows."""
    files.write(state / STEP, step)
    time.sleep(LOOK_SECONDS)


def read(state: Path) -> list[Judged]:
    """All recorded requests in their order; none if nothing was recorded."""
    policies: dict[str, Policies] = {}
    judged = []
    path = state / JUDGED
    for line in path.read_text().splitlines() if path.exists() else []:
        found = json.loads(line)
        if "name" in found:
            policies[found["name"]] = _policies(found["content"])
        else:
            request, decision = found["request"], found["decision"]
            judged.append(
                Judged(
                    step=found["step"],
                    request=Request(
                        _principal(request["principal"]),
                        request["action"],
                        tuple(request["resources"]),
                        {key: tuple(values) for key, values in request["context"].items()},
                        tuple(request["unjudged"]),
                    ),
                    policies=policies[found["policies"]],
                    decision=Decision(decision["allowed"], decision["reason"], tuple(decision["matched"])),
                )
            )
    return judged


def _principal(found: Mapping[str, Any]) -> Principal:
    session = tuple((key, tuple(values)) for key, values in found["session_context"])
    return Principal(**{**found, "session_context": session})


def _policies(found: Mapping[str, Any]) -> Policies:
    def of(kind: str) -> tuple[Statement, ...] | None:
        return None if found[kind] is None else tuple(map(_statement, found[kind]))

    return Policies(of("identity") or (), of("boundary"), of("resource"), of("session"))


def _statement(found: Mapping[str, Any]) -> Statement:
    return Statement(
        found["source"],
        found["effect"],
        action=_element(found["action"]),
        resource=_element(found["resource"]) if found["resource"] else None,
        principal=_element(found["principal"]) if found["principal"] else None,
        conditions=tuple(Condition(one["operator"], one["key"], tuple(one["values"])) for one in found["conditions"]),
    )


def _element(found: Mapping[str, Any]) -> Element:
    return Element(tuple(found["values"]), found["negated"])
