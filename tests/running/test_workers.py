"""Jobs side by side: order, faults, memory, interrupts."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from cxkit.errors import NotebookError
from cxkit.running.jobs import workers
from cxkit.running.jobs.workers import Job, Stopped, run_jobs
from cxkit.running.kernels.forked import TemplateLost


def after(seconds, value):
    def run(stop):
        if stop.wait(seconds):
            raise Stopped("stopped")
        return value

    return run


def failing(error):
    def run(stop):
        raise error

    return run


def test_outcomes_stand_in_the_order_of_the_jobs():
    ended = []
    jobs = [Job("slow", after(0.3, 1)), Job("fast", after(0, 2)), Job("fast too", after(0, 3))]
    outcomes = run_jobs(jobs, workers=2, on_end=lambda outcome: ended.append(outcome.key))
    assert [outcome.value for outcome in outcomes] == [1, 2, 3]
    assert ended == ["fast", "fast too", "slow"]


def test_one_failing_job_stops_no_other():
    jobs = [Job("a", failing(NotebookError("no"))), Job("b", failing(ZeroDivisionError("1/0"))), Job("c", after(0, 3))]
    a, b, c = run_jobs(jobs, workers=1)
    assert (str(a.error), a.attempts) == ("no", 1)
    assert str(b.error) == "the run broke down inside cxkit: ZeroDivisionError: 1/0"
    assert c.value == 3


def test_only_faults_of_the_machine_are_tried_again(monkeypatch):
    monkeypatch.setattr(workers, "_PAUSE", 0.01)
    tries = []

    def flaky(stop):
        tries.append(1)
        if len(tries) < 3:
            raise TemplateLost("gone")
        return "there"

    (outcome,) = run_jobs([Job("a", flaky)], retries=2)
    assert (outcome.value, outcome.attempts) == ("there", 3)
    (outcome,) = run_jobs([Job("a", failing(TemplateLost("gone")))], retries=2)
    assert (str(outcome.error), outcome.attempts) == ("gone", 3)


def test_no_more_jobs_run_than_memory_holds(monkeypatch):
    monkeypatch.setattr(workers, "free_memory", lambda: 250)
    at_a_time, most, lock = 0, 0, threading.Lock()

    def run(stop):
        nonlocal at_a_time, most
        with lock:
            at_a_time += 1
            most = max(most, at_a_time)
        time.sleep(0.05)
        with lock:
            at_a_time -= 1

    run_jobs([Job(str(k), run, memory_bytes=100) for k in range(8)], workers=8)
    assert most == 2
    most = 0
    run_jobs([Job(str(k), run, memory_bytes=1000) for k in range(3)], workers=8)
    assert most == 1  # one always runs: else nothing ever would


def test_ctrl_c_stops_what_runs_and_starts_nothing_more():
    begun, stopped = [], []

    def run(stop):
        stop.wait(20)
        stopped.append(1)
        raise Stopped("stopped")

    def started(key):
        begun.append(key)
        if len(begun) == 2:
            threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()

    with pytest.raises(KeyboardInterrupt):
        run_jobs([Job(str(k), run) for k in range(5)], workers=2, on_start=started)
    assert begun == ["0", "1"]
    assert stopped == [1, 1]


def test_an_error_of_the_recorder_stops_the_rest():
    def full(outcome):
        raise NotebookError("disk full")

    begun = []
    with pytest.raises(NotebookError, match="disk full"):
        run_jobs([Job(str(k), after(0, k)) for k in range(9)], workers=1, on_start=begun.append, on_end=full)
    assert begun == ["0"]


@pytest.mark.parametrize("count", [0, -1, 65])
def test_senseless_numbers_of_workers(count):
    with pytest.raises(NotebookError, match="jobs must be between 1 and 64"):
        run_jobs([], workers=count)
