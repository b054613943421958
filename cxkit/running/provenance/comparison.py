"""What a crate holds against what came out now: numbers, outputs, and the notebook that they are said to be of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxkit.errors import EXAMPLES_SHOWN, NotebookError, first_of
from cxkit.running.provenance.changes import Allowed, Change, Moved
from cxkit.running.provenance.claims import DECLARED
from cxkit.running.provenance.declared import allowed_by_authors, changes, declared_in, in_file_order, is_usable
from cxkit.running.provenance.drawn import is_drawn
from cxkit.running.provenance.outputs import compared_in, output_changes, session_versions, shown_in
from cxkit.running.provenance.reading import read_declared, read_executed
from cxkit.running.provenance.verification import Finding, Verification
from cxkit.running.provenance.written import undeclared, written_changes


@dataclass(frozen=True)
class Outcome:
    """What a notebook showed: the numbers that it stands by, as they are kept apart, and its cells with all outputs."""

    declared: Sequence[Mapping[str, Any]]
    executed: Mapping[str, Any]

    @classmethod
    def of(cls, crate: Path) -> Outcome:
        """What stands in a crate."""
        declared = read_declared(crate)
        if not all(map(is_usable, declared)):
            raise NotebookError(f"{crate / DECLARED} is damaged: it is no list of tables, pictures and values.")
        return cls(declared, read_executed(crate))

    @classmethod
    def in_notebook(cls, executed: Mapping[str, Any]) -> Outcome:
        """What an executed notebook shows."""
        return cls(declared_in(executed), executed)

    def without_widgets(self) -> Outcome:
        """The same without the states of widgets, which nobody records of a contained run."""
        held = dict(self.executed.get("metadata", {}))
        held.pop("widgets", None)
        return Outcome(self.declared, {**self.executed, "metadata": held})

    @property
    def has_widgets(self) -> bool:
        """Whether states of widgets are recorded."""
        return bool(self.executed.get("metadata", {}).get("widgets"))


def compare_outcomes(report: Path, before: Outcome, now: Outcome) -> Verification:
    """What a crate holds against what came out now: numbers, outputs, and the notebook that they are said to be of."""
    shown, shown_now, in_outputs = shown_in(before.executed), shown_in(now.executed), declared_in(before.executed)
    told = changes(before.declared, now.declared)
    if in_outputs != before.declared:
        told += changes([*map(in_file_order, in_outputs)], [*map(in_file_order, now.declared)])
    told += output_changes(shown, shown_now)
    told += written_changes(before.executed, now.executed)
    if not any(isinstance(one, Change) for one in told):
        told += undeclared(before.declared, in_outputs)
    authors = allowed_by_authors(now.declared)
    within = [one for one in told if isinstance(one, Moved)]
    rounded = [one for one in within if one.name not in authors]
    moved = [Finding(one.degree, one.name, one.text) for one in told if isinstance(one, Change)]
    others = [Finding("version", name, text) for name, text in session_versions(before.executed, now.executed)]
    return Verification(
        report=report,
        findings=tuple(dict.fromkeys([*others, *moved])),
        compared=len(before.declared) + compared_in(shown),
        rounded=len({one.name for one in rounded}),
        furthest=max((one.by for one in rounded), default=0.0),
        tolerated=_tolerated([one for one in within if one.name in authors], authors),
        not_compared=tuple(_drawn([one.place for cell in shown_now for one in cell if is_drawn(one.bundle)])),
    )


def _tolerated(within: Sequence[Moved], authors: Mapping[str, Allowed]) -> str:
    """How many moved further than by rounding, as their author lets them, and the furthest with its tolerance."""
    if not within:
        return ""
    furthest, many = max(within, key=lambda one: one.by), len({one.name for one in within})
    allowed = authors[furthest.name]
    tolerance = f"tolerance {allowed.relative:g}, absolute {allowed.absolute:g}"
    return f"{many} moved within the notebook's own tolerance: '{furthest.name}' by {furthest.by:.1g} ({tolerance})"


def _drawn(places: list[str]) -> Iterator[str]:
    """What is not compared of outputs that show more than their text tells, by the cells that show them."""
    if places:
        many, these = ("1 output draws", "it") if len(places) == 1 else (f"{len(places)} outputs draw", "them")
        by = "by scripts, by style sheets that write or choose, or from elsewhere"
        cells = first_of([*dict.fromkeys(places)], EXAMPLES_SHOWN)
        yield f"what {many} {by}, beyond the text of {these} ({cells})"
