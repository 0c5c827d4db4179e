"""Calls that wait have a thread each, and the threads end when there are no calls."""

from __future__ import annotations

import threading

from localcloud.stepfunctions.threads import CallThreads
from tests.local.conftest import eventually


def test_calls_run_side_by_side_and_their_threads_end():
    threads, all_there, done = CallThreads(50, idle=0.05), threading.Barrier(21), []

    def call(number: int) -> None:
        all_there.wait(60)
        done.append(number)

    for number in range(20):
        threads.submit(call, number)
    all_there.wait(60)
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
    assert done.wait(60)
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_what_follows_a_call_runs_in_its_thread():
    threads, ran, done = CallThreads(10), [], threading.Event()

    def call(number: int) -> None:
        ran.append((number, threading.get_ident()))
        if number == 4:
            done.set()
        else:
            threads.follow(call, number + 1)

    threads.follow(call, 1)
    assert done.wait(60)
    assert [number for number, _ in ran] == [1, 2, 3, 4]
    assert len({thread for _, thread in ran}) == 1


def test_of_several_that_follow_one_waits_for_the_call_and_the_others_do_not():
    threads, side_by_side, done = CallThreads(10), threading.Barrier(2), threading.Semaphore(0)

    def call() -> None:
        threads.follow(done.release)
        threads.follow(side_by_side.wait, 10)
        threads.follow(done.release)
        side_by_side.wait(60)

    threads.follow(call)
    assert all(done.acquire(timeout=60) for _ in range(2))


def test_a_call_that_fails_is_followed_all_the_same(capsys):
    threads, done = CallThreads(1), threading.Event()

    def call() -> None:
        threads.follow(done.set)
        raise ValueError

    threads.follow(call)
    assert done.wait(60)
    assert "ValueError" in capsys.readouterr().out


def test_what_follows_does_not_come_before_what_waits():
    threads, order, go, done = CallThreads(1), [], threading.Event(), threading.Event()

    def call() -> None:
        go.wait(60)
        threads.follow(lambda: (order.append("follows"), done.set()))

    threads.follow(call)
    threads.submit(order.append, "waits")
    go.set()
    assert done.wait(60)
    assert order == ["waits", "follows"]
