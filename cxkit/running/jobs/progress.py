"""How far many runs are: a bar on a terminal, else a line for each run, on standard error."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

_NAMES = 4  # of runs that fit before the bar


class Speaker:
    """Says lines on standard error, above a bar where there is one; says nothing unless `shown`."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown
        self.bar: tqdm[Any] | None = None

    def say(self, line: str) -> None:
        """One line."""
        if not self.shown:
            return
        if self.bar is not None:
            self.bar.write(line, file=sys.stderr)
        else:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()


class Teller(Speaker):
    """Says what happens while runs go on.

    Parameters
    ----------
    total : int
        Runs in all.
    kept : int
        Runs that need not be run again.
    shown : bool
        Whether to say anything.
    unit : str
        What a run is called.
    """

    def __init__(self, total: int, *, kept: int = 0, shown: bool = True, unit: str = "run") -> None:
        super().__init__(shown)
        self.total, self.done, self.failed = total, kept, 0
        self.active: list[str] = []
        if shown and kept:
            self.say(f"{kept} of {total} were finished before and are kept")
        if shown and sys.stderr.isatty():
            self.bar = tqdm(total=total, initial=kept, unit=unit, leave=False, dynamic_ncols=True)

    def started(self, name: str) -> None:
        """A run begins."""
        self.active.append(name)
        self._show()

    def ended(self, name: str, *, failed: bool = False, note: str = "") -> None:
        """A run is over."""
        self.active.remove(name)
        self.done += 1
        self.failed += failed
        if self.bar is not None:
            self.bar.update()
        self._show()
        first = note.strip().splitlines()[0] if note.strip() else ""
        state = f"FAILED: {first}" if failed else "done"
        if failed or self.bar is None:
            self.say(f"{name}: {state} ({self.done} of {self.total}, {self.failed} failed)")

    def _show(self) -> None:
        if self.bar is not None:
            names = self.active[:_NAMES] + ([f"{more} more"] if (more := len(self.active) - _NAMES) > 0 else [])
            self.bar.set_description(", ".join(names) or "finishing", refresh=False)
            self.bar.set_postfix(failed=self.failed, left=self.total - self.done)
