"""Many independent jobs, some at a time: as many as memory allows, none stopping another, in an order that is fixed."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cxkit.errors import CxkitError, NotebookError, fault_of
from cxkit.running.jobs.memory import free_memory
from cxkit.running.kernels.forked import TemplateLost

T = TypeVar("T")

MOST_WORKERS = 64
RETRIES = 2
_PAUSE = 0.5  # seconds before a job is tried again, and between looks at the memory
_PATIENCE = 30.0  # seconds that running jobs have to end after an interrupt


class Stopped(NotebookError):
    """A run that was told to stop from outside. It counts as not having been run."""


@dataclass(frozen=True)
class Job(Generic[T]):
    """One piece of work.

    Attributes
    ----------
    key : str
        Its name; no two jobs share one.
    run : callable
        Called in a thread with an event; when that is set the job should end soon by raising `Stopped`.
    memory_bytes : int
        What it may take at most.
    """

    key: str
    run: Callable[[threading.Event], T]
    memory_bytes: int = 0


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """How a job ended: with a value, or with an error and after how many attempts."""

    key: str
    value: T | None = None
    error: CxkitError | None = None
    attempts: int = 1


def run_jobs(
    jobs: Sequence[Job[T]],
    *,
    workers: int | None = None,
    retries: int = RETRIES,
    on_start: Callable[[str], object] = lambda key: None,
    on_end: Callable[[Outcome[T]], object] = lambda outcome: None,
) -> list[Outcome[T]]:
    """Run jobs side by side.

    Parameters
    ----------
    jobs : sequence of Job
        Started in this order.
    workers : int, optional
        How many at a time; by default one a core. Fewer while memory would not hold them all; one always runs.
    retries : int
        How often a job is tried again whose kernel could not be had (`TemplateLost`): a fault of the machine. What
        the job itself does wrong is never tried again.
    on_start, on_end : callable
        Called in the calling thread, one at a time: to record and to show progress. An error in them stops the rest.

    Returns
    -------
    list of Outcome
        In the order of `jobs`, whichever ended first.

    Raises
    ------
    NotebookError
        If `workers` is out of range.
    KeyboardInterrupt
        After Ctrl-C, once the running jobs have been stopped. What `on_end` has heard of is finished; nothing else is.
    """
    count = check_workers(workers)
    stop = threading.Event()
    ended: queue.SimpleQueue[Outcome[T]] = queue.SimpleQueue()
    waiting = list(jobs)
    active: dict[str, Job[T]] = {}
    outcomes: dict[str, Outcome[T]] = {}
    try:
        while waiting or active:
            while waiting and len(active) < count and _fits(waiting[0], list(active.values())):
                job = waiting.pop(0)
                active[job.key] = job
                on_start(job.key)
                threading.Thread(target=_work, args=(job, retries, stop, ended), daemon=True).start()
            for outcome in _next(ended):
                del active[outcome.key]
                outcomes[outcome.key] = outcome
                on_end(outcome)
    except BaseException:
        stop.set()
        deadline = time.monotonic() + _PATIENCE
        while active and time.monotonic() < deadline:
            for outcome in _next(ended):
                active.pop(outcome.key, None)
        raise
    return [outcomes[job.key] for job in jobs]


def _next(ended: queue.SimpleQueue[Outcome[T]]) -> tuple[Outcome[T], ...]:
    """One outcome, or none after a short wait: Ctrl-C gets through between waits.

    In a function of its own: an interrupt in the jump back out of an `except` slips past the `try` around it in
    Python 3.11.
    """
    try:
        return (ended.get(timeout=_PAUSE),)
    except queue.Empty:
        return ()


def check_workers(workers: int | None) -> int:
    """How many at a time.

    Raises
    ------
    NotebookError
        If the number makes no sense.
    """
    if workers is None:
        return min(os.cpu_count() or 1, MOST_WORKERS)
    if not 1 <= workers <= MOST_WORKERS:
        raise NotebookError(f"jobs must be between 1 and {MOST_WORKERS}; it is {workers}.")
    return workers


def _fits(job: Job[T], active: Sequence[Job[T]]) -> bool:
    """Whether memory holds one more, if every one of them took all that it may."""
    return not active or free_memory() >= job.memory_bytes + sum(one.memory_bytes for one in active)


def _work(job: Job[T], retries: int, stop: threading.Event, ended: queue.SimpleQueue[Outcome[T]]) -> None:
    attempt = 0
    while True:
        attempt += 1
        try:
            ended.put(Outcome(job.key, value=job.run(stop), attempts=attempt))
        except TemplateLost as fault:
            if attempt <= retries and not stop.wait(_PAUSE * attempt):
                continue
            ended.put(Outcome(job.key, error=fault, attempts=attempt))
        except CxkitError as error:
            ended.put(Outcome(job.key, error=error, attempts=attempt))
        except BaseException as error:  # a fault of ours must not leave the others waiting for ever
            ended.put(Outcome(job.key, error=_broken(error), attempts=attempt))
        return


def _broken(error: BaseException) -> NotebookError:
    broken = NotebookError(f"the run broke down inside cxkit: {fault_of(error)}")
    broken.__cause__ = error
    return broken
