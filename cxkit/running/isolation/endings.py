"""What is left of a contained run, and the words for how one ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cxkit.running.jobs.workers import Stopped
from cxkit.running.notebooks.notebook import tags
from cxkit.running.sandbox.limits import Limits

if TYPE_CHECKING:
    from nbformat import NotebookNode

Ending = Literal[
    "completed", "cell_timeout", "total_timeout", "out_of_memory", "out_of_cpu", "out_of_space", "output_flood", "died"
]

Cut = Literal["time", "output", "left_running"]

ENDED_BY_WARDEN: dict[str, Ending] = {"memory": "out_of_memory", "cpu": "out_of_cpu", "files": "out_of_space"}
"""How a run ended, by the limit that its warden names."""

COLLECTED = "_cxkit_collected"
"""The variable in which code that `after_cell` returns leaves its text."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Contained:
    """What is left of a contained run.

    Attributes
    ----------
    notebook : NotebookNode
        A copy with the outputs of the cells that ran, each bounded.
    collected : list of (int, str)
        For each cell after which code was asked for: the cell's index, and the text that the code left.
    cuts : dict
        Cells that were interrupted, by index: `"time"` or `"output"`; and one that left something running that went on
        printing in the cells after it: `"left_running"`. The run went on after them.
    ending : str
        `"completed"` if every cell had its turn, else what ended the run before.
    ended_in : int or None
        The index of the cell in which it was ended; None for `"completed"`.
    why : str
        Why it was ended, as a clause that follows the cell; empty if completed or where the kernel died by itself.
    seconds : float
        Wall time, start of the kernel included.
    peak_bytes : int
        The most memory seen; 0 for a run that stayed far from its limit.
    protection : str
        What was in force, in plain words.
    starved : bool
        Whether a time-out came though the kernel had not computed for that long, and it, its threads or its children
        waited for a core meanwhile: others may have kept it from its time.
    """

    notebook: NotebookNode
    collected: list[tuple[int, str]] = field(default_factory=list)
    cuts: Mapping[int, Cut] = field(default_factory=dict)
    ending: Ending = "completed"
    ended_in: int | None = None
    why: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0
    protection: str = ""
    starved: bool = False

    @property
    def note(self) -> str:
        """The ending in a sentence, with the cell's number among those that the caller gave; empty if completed."""
        if self.ended_in is None:
            return ""
        own = ["injected-parameters" not in tags(cell) for cell in self.notebook.cells]
        where = f"cell {sum(own[: self.ended_in + 1])} of {sum(own)}"
        return f"It was ended in {where}, {self.why}." if self.why else f"Its kernel died in {where}."


def why_ended(ending: Ending, limits: Limits) -> str:
    """Why a run was ended, as a clause that follows the cell; empty where its kernel died by itself."""
    reasons: dict[Ending, str] = {
        "cell_timeout": f"which took more than {limits.cell_seconds:g} s and could not be interrupted",
        "total_timeout": f"when {limits.total_seconds:g} s were over",
        "out_of_memory": f"when its processes had taken more than {limits.memory_bytes >> 20:,} MiB of memory",
        "out_of_cpu": f"when its processes had computed for more than {limits.cpu_seconds} s",
        "out_of_space": f"when its files had taken more than {limits.work_bytes >> 20:,} MiB",
        "output_flood": "which went on printing after its output had been cut",
    }
    return reasons.get(ending, "")


def raise_if_stopped(stop: threading.Event | None) -> None:
    """Raise `Stopped` if somebody wants the run to end."""
    if stop is not None and stop.is_set():
        raise Stopped("The run was stopped.")
