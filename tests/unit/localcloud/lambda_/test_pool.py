"""The pool of warm workers: which ones it keeps, and which ones it ends."""

from __future__ import annotations

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


@dataclass
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
