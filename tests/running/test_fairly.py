"""A neighbour that takes every core costs nobody else anything."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.running.isolation import fairly, stopwatch
from cxkit.running.isolation.contained import run_contained
from cxkit.running.isolation.endings import Contained
from cxkit.running.isolation.fairly import Company, run_fairly
from cxkit.running.isolation.stopwatch import Stopwatch
from cxkit.running.jobs.workers import Stopped
from cxkit.running.sandbox import warden
from cxkit.running.sandbox.limits import Limits

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")


def contained(*sources, **options):
    return run_contained(new_notebook(cells=[new_code_cell(source) for source in sources]), **options)


@pytest.fixture
def busy():
    """Neighbours that compute without end."""
    crowd = [
        subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(4 * (os.cpu_count() or 1))
    ]
    yield
    for one in crowd:
        one.kill()
        one.wait()


@LINUX
def test_a_cell_that_waits_for_a_core_keeps_its_time(busy, monkeypatch):
    """By the wall clock alone this honest cell was cut: 8 of 8 points became 0."""
    monkeypatch.setattr(stopwatch, "PATIENCE", 30.0)  # however busy the machine is that runs this test
    honest = (
        "import time\nbegun, wall = time.process_time(), time.monotonic()\n"
        "while time.process_time() - begun < 0.5: pass\nprint(time.monotonic() - wall)"
    )
    run = contained("1", honest, limits=Limits(cell_seconds=0.9))
    assert (run.ending, run.cuts, run.starved) == ("completed", {}, False)
    if float(run.notebook.cells[1].outputs[0].text) <= 0.9:
        pytest.skip("this machine has so many cores that the neighbours took no time from it")


@LINUX
@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(60)"])
def test_who_computes_or_sleeps_without_end_was_kept_from_nothing(code):
    """Each sleeper was run once more alone, and the whole class waited for it."""
    run = contained(code, "print('on')", limits=Limits(cell_seconds=1))
    assert (run.cuts, run.starved) == ({0: "time"}, False)


@LINUX
def test_children_that_nobody_waits_for_are_counted():
    """With SIGCHLD ignored the system tells no parent of their time: 16 s of 3 were used."""
    hidden = (
        "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "while True:\n    if os.fork() == 0:\n        begun = time.process_time()\n"
        "        while time.process_time() - begun < 0.5: pass\n        os._exit(0)\n    time.sleep(0.3)"
    )
    run = contained(hidden, limits=Limits(cpu_seconds=2, cell_seconds=30, processes=40))
    assert run.ending == "out_of_cpu"


@LINUX
def test_a_crowd_of_processes_goes_behind_other_runs():
    crowd = (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        time.sleep(20); os._exit(0)\n"
        "time.sleep(0.5)\nprint(os.getpriority(os.PRIO_PROCESS, 0))"
    )
    alone = "import os, time\ntime.sleep(0.3)\nprint(os.getpriority(os.PRIO_PROCESS, 0))"
    run = contained(alone, crowd)
    before, after = (int(cell.outputs[0].text) for cell in run.notebook.cells)
    assert (after, before < 19) == (warden._LAST, True)


def test_the_time_in_the_queue_of_a_core_is_not_ones_own(monkeypatch):
    told = {"now": (0.0, 0.0), "clock": 100.0}
    monkeypatch.setattr(stopwatch, "computed_and_waited", lambda process: told["now"])
    monkeypatch.setattr(stopwatch, "waited_in_all", lambda process: told["now"][1])
    monkeypatch.setattr(stopwatch.time, "monotonic", lambda: told["clock"])
    watch = Stopwatch(1, 10.0)
    told |= {"clock": 112.0, "now": (5.0, 7.0)}
    assert watch.left() == pytest.approx(5.0)
    assert watch.may_have_starved()
    told |= {"clock": 117.5, "now": (10.0, 7.0)}
    assert watch.left() < 0
    assert not watch.may_have_starved()
    told |= {"clock": 141.0, "now": (0.0, 40.0)}
    assert watch.left() < 0, "whatever it waits for, the clock has an end"
    assert watch.may_have_starved()
    told |= {"clock": 112.0, "now": (0.1, 0.2)}
    assert not watch.may_have_starved(), "who sleeps waits for no core"


@LINUX
def test_a_kernel_that_waits_for_its_threads_and_children_waits_with_them(busy):
    """A main thread that sleeps while its children want a core: they are kept from their time, and so is it."""
    crowd = (
        "import subprocess, sys, threading\n"
        "child = subprocess.Popen([sys.executable, '-S', '-c', 'while True: pass'])\n"
        "def compute():\n    while True: pass\n"
        "threading.Thread(target=compute, daemon=True).start()\nchild.wait()"
    )
    with subprocess.Popen([sys.executable, "-S", "-c", crowd]) as parent:
        for _ in range(100):
            time.sleep(0.1)
            waited = stopwatch.waited_in_all(parent.pid) - stopwatch.computed_and_waited(parent.pid)[1]
            if waited > 0.1:
                break
        for child in [*stopwatch._children(parent.pid, str(parent.pid)), parent.pid]:
            os.kill(child, signal.SIGKILL)
    assert waited > 0.1


def test_where_the_system_does_not_say_the_clock_counts_and_nobody_is_taken_to_have_had_their_time():
    assert stopwatch.computed_and_waited(2**30) == (0.0, 0.0)
    watch = Stopwatch(2**30, 5.0)
    assert 4 < watch.left() <= 5
    assert watch.may_have_starved()


def test_whoever_wants_to_be_alone_is_and_goes_before_those_that_come_later():
    company, order, here = Company(), [], threading.Event()

    def first():
        with company.together():
            here.set()
            time.sleep(0.3)
            order.append("first")

    def lonely():
        with company.alone():
            order.append("alone")

    def later():
        with company.together():
            order.append("later")

    threads = [threading.Thread(target=one) for one in (first, lonely, later)]
    for thread in threads:
        thread.start()
        here.wait(5)
        time.sleep(0.05)
    for thread in threads:
        thread.join(5)
    assert order == ["first", "alone", "later"]


def test_whoever_waits_can_be_stopped_and_leaves_the_way_free():
    company, stop = Company(), threading.Event()
    stop.set()
    with company.alone(), pytest.raises(Stopped), company.together(stop):
        pass
    with company.together(), pytest.raises(Stopped), company.alone(stop):
        pass
    with company.together(), company.together():
        pass


def test_what_ran_into_the_clock_is_run_once_more_alone(monkeypatch):
    calls = []

    def run(notebook, **options):
        calls.append(fairly._COMPANY._is_alone)
        return Contained(notebook=notebook, starved=len(calls) == 1, seconds=len(calls))

    monkeypatch.setattr(fairly, "run_contained", run)
    assert run_fairly(new_notebook()).seconds == 2
    assert calls == [False, True]
    calls.clear()
    assert run_fairly(new_notebook(), again=False).seconds == 1
