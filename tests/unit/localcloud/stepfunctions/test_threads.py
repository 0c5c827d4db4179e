"""Calls that wait have a thread each, and the threads end when there are no calls."""

from __future__ import annotations

import threading

from localcloud.stepfunctions.threads import CallThreads
from tests.local.conftest import eventually


def test_calls_run_side_by_side_and_their_threads_end():
    threads, all_there, done = CallThreads(50, idle=0.05), threading.Barrier(21), []

    def call(number: int) -> None:
        all_there.wait(10)
        done.append(number)

    for number in range(20):
        threads.submit(call, number)
    all_there.wait(10)
    eventually(lambda: len(done) == 20)
    eventually(lambda: threads._threads == 0)
    threads.submit(done.append, 20)
    eventually(lambda: len(done) == 21)


def test_no_more_threads_than_allowed_and_no_call_is_lost():
    threads, running, most, done = CallThreads(3, idle=0.01), set(), [], []

    def call(number: int) -> None:
        running.add(number)
        most.append(len(running))
        running.discard(number)
        done.append(number)

    for number in range(500):
        threads.submit(call, number)
    eventually(lambda: len(done) == 500)
    assert max(most) <= 3
    assert sorted(done) == list(range(500))


def test_an_error_of_a_call_is_logged_and_the_next_one_runs(capsys):
    threads, done = CallThreads(1), threading.Event()
    threads.submit(lambda: 1 / 0)
    threads.submit(done.set)
    assert done.wait(10)
    assert "ZeroDivisionError" in capsys.readouterr().out
