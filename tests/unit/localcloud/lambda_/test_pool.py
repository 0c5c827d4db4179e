"""The pool of warm workers: which ones it keeps, and which ones it ends."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import pytest

from localcloud.lambda_.environment import Settings
from localcloud.lambda_.pool import Busy, Pool

SETTINGS = Settings(
    arn="arn:aws:lambda:us-east-1:123456789012:function:one",
    version="$LATEST",
    handler="handler.handler",
    code_path=("code",),
    runtime_path=(),
    variables={},
)


@dataclass(eq=False)
class Worker:
    settings: Settings
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True


def test_a_worker_of_old_settings_is_ended_even_where_the_call_is_refused():
    made: list[Worker] = []

    def start(settings: Settings) -> Worker:
        made.append(Worker(settings))
        return made[-1]

    pool = Pool(start)
    with pool.worker(SETTINGS):
        pass
    changed = replace(SETTINGS, variables={"A": "1"})
    with pytest.raises(Busy), pool.worker(changed, reserved=0):
        pass
    assert [worker.stopped for worker in made] == [True]


def test_functions_that_take_turns_keep_their_workers():
    """Three functions share three places, and none ends another's worker."""
    made: list[Worker] = []

    def start(settings: Settings) -> Worker:
        made.append(Worker(settings))
        return made[-1]

    pool = Pool(start, workers=3)
    functions = [replace(SETTINGS, arn=f"{SETTINGS.arn}{number}") for number in range(3)]
    for settings in functions * 5:
        with pool.worker(settings):
            pass
    assert len(made) == 3

    with pool.worker(functions[0]):  # a second call of it may not end the worker of a function that is in use
        waiting = threading.Thread(target=lambda: pool.worker(functions[0]).__enter__())
        waiting.start()
        waiting.join(0.2)
        assert not any(worker.stopped for worker in made)
    waiting.join(5)
    assert len(made) == 3
