"""Contained runs side by side, and alone where one of them may have been kept from its time by the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cxkit.running.isolation.contained import run_contained
from cxkit.running.isolation.endings import Contained
from cxkit.running.jobs.workers import Stopped

if TYPE_CHECKING:
    from nbformat import NotebookNode

_LOOK = 0.2  # seconds between looks at whether to stop


class Company:
    """Lets many runs go on at once, or one alone; whoever wants to be alone goes before those that come later."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = self._waiting = 0
        self._is_alone = False

    @contextmanager
    def together(self, stop: threading.Event | None = None) -> Iterator[None]:
        """Beside others, once nobody is alone or waits to be.

        Raises
        ------
        Stopped
            If `stop` is set while it waits.
        """
        with self._changed:
            while self._is_alone or self._waiting:
                self._wait(stop)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, stop: threading.Event | None = None) -> Iterator[None]:
        """With no other, once those that go on have ended.

        Raises
        ------
        Stopped
            If `stop` is set while it waits.
        """
        with self._changed:
            self._waiting += 1
            try:
                while self._is_alone or self._together:
                    self._wait(stop)
                self._is_alone = True
            finally:
                self._waiting -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._is_alone = False
                self._changed.notify_all()

    def _wait(self, stop: threading.Event | None) -> None:
        self._changed.wait(_LOOK)
        if stop is not None and stop.is_set():
            raise Stopped("The run was stopped.")


_COMPANY = Company()


def run_fairly(
    notebook: NotebookNode, *, again: bool = True, stop: threading.Event | None = None, **options: Any
) -> Contained:
    """What does this notebook do, with the time that it is entitled to?

    Parameters
    ----------
    notebook : NotebookNode
    again : bool
        Whether a run that was ended by the clock, and had not computed for that long, is made once more alone.
    stop : Event, optional
    **options
        As of `run_contained`.

    Returns
    -------
    Contained
        Of the run alone, where there was one: a neighbour that takes every core costs nobody else anything.
    """
    with _COMPANY.together(stop):
        run = run_contained(notebook, stop=stop, **options)
    if not (again and run.starved):
        return run
    with _COMPANY.alone(stop):
        return run_contained(notebook, stop=stop, **options)
