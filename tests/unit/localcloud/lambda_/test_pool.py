"""The pool of warm workers: which ones it keeps, and which ones it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from localcloud.lambda_.environment import Settings
from localcloud.lambda_.pool import MOMENT_SECONDS, STARTS, Busy, Pool

SETTINGS = Settings(
    arn="arn:aws:lambda:us-east-1:123456789012:function:one",
    version="$LATEST",
    handler="handler.handler",
    code_path=("code",),
    runtime_path=(),
    variables={},
)


def eventually(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.005)


@dataclass(eq=False)
class Worker:
    settings: Settings
    stopped: bool = False
    starting: bool = False

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
    waiting.join(60)
    assert len(made) == 3


class Workshop:
    """Makes workers, and remembers them."""

    def __init__(self) -> None:
        self.made: list[Worker] = []

    def __call__(self, settings: Settings) -> Worker:
        self.made.append(Worker(settings))
        return self.made[-1]

    @property
    def ended(self) -> list[str]:
        return [worker.settings.arn[-1] for worker in self.made if worker.stopped]


def function(number: int) -> Settings:
    return replace(SETTINGS, arn=f"{SETTINGS.arn}{number}")


def calls(pool: Pool, settings: Settings, count: int) -> None:
    """So many calls at once, which all run at the same time."""
    together = threading.Barrier(count)

    def call() -> None:
        with pool.worker(settings):
            together.wait(60)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_busy_function_does_not_end_the_worker_that_another_has_used_just_now():
    made = Workshop()
    pool = Pool(made, workers=3, moment=0.01)
    with pool.worker(function(2)):
        pass
    calls(pool, function(1), 2)
    begun = threading.Event()

    def third() -> None:
        begun.set()
        with pool.worker(function(1)):
            pass

    with pool.worker(function(1)), pool.worker(function(1)):
        waits = threading.Thread(target=third)
        waits.start()
        begun.wait(60)
        waits.join(0.2)
        assert waits.is_alive()  # the third place is the other function's
        assert len(made.made) == 3
    waits.join(60)
    assert made.ended == []
    with pool.worker(function(2)) as kept:
        assert kept is made.made[0]


def test_a_function_without_a_worker_takes_one_of_a_function_that_keeps_another():
    made = Workshop()
    pool = Pool(made, workers=3)
    with pool.worker(function(1)):
        pass
    calls(pool, function(2), 2)
    with pool.worker(function(3)):
        assert made.ended == ["2"]


def test_a_call_waits_a_moment_for_a_worker_instead_of_starting_another():
    made = Workshop()
    pool = Pool(made, moment=10.0)
    runs, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with pool.worker(SETTINGS):
            runs.set()
            go_on.wait(60)

    running = threading.Thread(target=first)
    running.start()
    runs.wait(60)
    threading.Timer(0.05, go_on.set).start()
    with pool.worker(SETTINGS) as second:
        assert second is made.made[0]
    running.join()
    assert len(made.made) == 1


def test_a_call_gets_a_worker_of_its_own_where_none_becomes_free():
    made = Workshop()
    pool = Pool(made, moment=0.01)
    with pool.worker(SETTINGS) as first, pool.worker(SETTINGS) as second, pool.worker(SETTINGS) as third:
        assert len({id(first), id(second), id(third)}) == 3


def test_many_calls_at_once_share_few_workers_and_all_are_served():
    made = Workshop()
    pool = Pool(made, workers=4, moment=0.0)
    served = []

    def call(number: int) -> None:
        for _ in range(20):
            with pool.worker(function(number % 3)) as worker:
                served.append(worker)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(served) == 240
    assert len([worker for worker in made.made if not worker.stopped]) <= 4


def test_a_worker_that_nobody_uses_ends():
    made = Workshop()
    pool = Pool(made, idle=0.05)
    calls(pool, SETTINGS, 2)
    eventually(lambda: len(made.ended) == 2)
    with pool.worker(SETTINGS) as again:
        assert again is made.made[2]
    eventually(lambda: len(made.ended) == 3)


def test_a_worker_of_a_deleted_function_ends_after_its_call():
    made = Workshop()
    pool = Pool(made)
    with pool.worker(SETTINGS) as worker:
        pool.drop(SETTINGS.arn)
        assert not worker.stopped
    assert worker.stopped


def test_a_burst_does_not_start_a_worker_for_each_of_its_calls():
    """Until the first workers have started, the other calls wait for them."""
    made = Workshop()

    def start(settings: Settings) -> Worker:
        worker = made(settings)
        worker.starting = True
        return worker

    pool = Pool(start, moment=0.0)
    started = threading.Event()
    served = []

    def call() -> None:
        with pool.worker(SETTINGS) as worker:
            started.wait(60)
            worker.starting = False
            served.append(worker)

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(made.made) == STARTS)
    time.sleep(3 * MOMENT_SECONDS)  # the calls that wait look again
    assert len(made.made) == STARTS
    started.set()
    for thread in threads:
        thread.join(60)
    assert len(served) == 20
