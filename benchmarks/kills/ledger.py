"""Requests under kills: writers note what was acknowledged, and all of it is there after each kill."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.kills import data, resources
from benchmarks.kills.objects import Objects
from benchmarks.kills.subjects import Subject
from benchmarks.kills.victim import NoAnswer, Victim, working

#: What makes each subject, for a victim, a role's ARN and a chance.
SUBJECTS: tuple[Callable[[Victim, str, random.Random], Subject], ...] = (
    lambda victim, role, chance: Objects(victim, chance),
    *(data.versions, data.messages, data.delivered, data.queues, data.metrics, data.log_events),
    *(resources.function, resources.functions, resources.role_policy, resources.roles, resources.alarm),
    *(resources.packages, resources.approval, resources.state_machine, resources.topic, resources.rule),
    *(resources.retention, resources.description_of_a_key),
)


class Ledger:
    """One writer for each subject: objects, messages, functions, roles, …"""

    name, patience = "requests", 3.0

    def __init__(self, victim: Victim, chance: random.Random) -> None:
        self._victim, self._chance = victim, chance
        self._subjects: list[Subject] = []
        self._locks: list[threading.Lock] = []
        self._asking: Counter[str] = Counter()
        self._answered = self._unanswered = 0
        self._work: Any = None

    def prepare(self) -> None:
        """Make what the subjects need."""
        role = self._victim.role()
        self._subjects = [make(self._victim, role, random.Random(self._chance.random())) for make in SUBJECTS]
        for subject in self._subjects:
            subject.prepare()
        self._locks = [threading.Lock() for _ in self._subjects]

    def begin(self, rounds: int) -> None:
        """Start the writers."""
        self._work = working(*map(self._writer, range(len(self._subjects))))
        self._broken = self._work.__enter__()

    def doing(self) -> str:
        """One of the requests that are on their way: the first by its name."""
        asking = sorted(name for name, count in self._asking.items() if count)
        return self._chance.choice(asking) if asking else "nothing"

    def problems(self) -> list[str]:
        """Check every subject while its writer waits."""
        said = []
        for subject, lock in zip(self._subjects, self._locks, strict=True):
            with lock:
                try:
                    said += [f"{subject.name}: {words}" for words in subject.problems()]
                except (ClientError, NoAnswer) as error:
                    said.append(f"{subject.name}: {error}")
        said += [f"a writer failed: {words}" for words in set(self._broken)]
        self._broken.clear()
        return said

    def finish(self) -> list[str]:
        """Stop the writers, and check all once more."""
        self._work.__exit__(None, None, None)
        return self.problems()

    def done(self) -> dict[str, int]:
        """How many requests were answered and not answered."""
        return {"requests answered": self._answered, "not answered": self._unanswered}

    def _writer(self, number: int) -> Callable[[], None]:
        subject, lock = self._subjects[number], self._locks[number]

        def write() -> None:
            with lock:
                doing, model, value, send = subject.next()
                self._asking[doing] += 1
                model.asked(value)
                try:
                    send()
                except NoAnswer:
                    self._unanswered += 1
                    subject.unanswered()
                    raise
                except ClientError:
                    model.refused(value)
                    raise
                else:
                    model.acknowledged(value)
                    self._answered += 1
                finally:
                    self._asking[doing] -= 1
            time.sleep(0.01)

        return write
