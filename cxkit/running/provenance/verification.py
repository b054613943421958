"""What came out of making a report again, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from cxkit.running.provenance.changes import Degree
from cxkit.running.untrusted import printable

Kind = Literal["file", "input", "version", "code", "number", "picture", "order", "words", "page", "run"]
_MOST_LINES, _LONGEST_LINE = 200, 4_000
_OF_OUTPUT = frozenset(get_args(Degree))
_VERDICTS: Mapping[str, str] = {
    "words": "does NOT come out the same: what it says changed",
    "number": "does NOT come out the same: numbers moved",
    "picture": "does NOT come out the same: pictures look different",
    "order": "does NOT come out the same: equal rows stand in another order, and nothing else",
    "page": "does NOT come out the same: its page does not show what its notebook gives",
    # What it shows is as it was
    "file": "comes out the same, but files were changed after the run",
    "input": "comes out the same, but its inputs are not as they were",
    "code": "comes out the same, but not by the same code and versions (--allow-versions accepts that)",
    "version": "comes out the same, but not by the same code and versions (--allow-versions accepts that)",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was.

    Attributes
    ----------
    kind : str
        "file": a file of the report or its crate was changed; "input": an input has other bytes; "version": a library
        has another version; "code": cxkit itself has changed; "run": the notebook no longer runs; "page": the report or
        its PDF is not what cxkit makes of the notebook; "number", "picture", "order", "words": what it shows came out
        otherwise, by the gravest that moved in the place.
    name : str
    text : str
    """

    kind: Kind
    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What came out of making a report again.

    Attributes
    ----------
    report : Path
    findings : tuple of Finding
        Empty if everything is as it was.
    remarks : tuple of str
        What else is otherwise than at the first run and may be why something moved: processor, fonts, settings.
    compared : int
        How many tables, pictures, values and other outputs were compared.
    not_compared : tuple of str
        What of the report was not compared.
    rounded : int
        How many of the places that came out the same did so to rounding only, and not to the last bit.
    furthest : float
        How far a number moved there, as a share of its size where that is above 1.
    tolerated : str
        What moved further than by rounding, within a tolerance that the notebook itself sets; empty if nothing did.
    ran : bool
        Whether the notebook could be run again.
    allowed_versions : bool
        Whether other versions, of libraries or of cxkit, are accepted.
    rebuilt : Verification or None
        What came out in the environment of then, if that was asked for.
    where : str
        The environment, where it is not this one.
    kept : str
        Where the page is that was made here, if it was to be kept.
    """

    report: Path
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()
    compared: int
    not_compared: tuple[str, ...] = ()
    rounded: int = 0
    furthest: float = 0.0
    tolerated: str = ""
    ran: bool = True
    allowed_versions: bool = False
    rebuilt: Verification | None = None
    where: str = ""
    kept: str = ""

    @property
    def holds(self) -> bool:
        """Whether the report came out the same; one that shows nothing proves nothing."""
        accepted = {"version", "code"} if self.allowed_versions else set()
        return self.compares and not [one for one in self.findings if one.kind not in accepted]

    @property
    def can_be_told(self) -> bool:
        """Whether the notebook could be run again at all."""
        return self.ran

    @property
    def compares(self) -> bool:
        """Whether there was anything to compare, before or now."""
        return not self.ran or self.compared > 0 or bool(self._moved)

    @property
    def _moved(self) -> list[Finding]:
        return [one for one in self.findings if one.kind in _OF_OUTPUT]

    @property
    def verdict(self) -> str:
        """Whether it came out the same; if not, by the gravest thing that moved."""
        if not self.ran:
            return "could not be made again"
        if not self.compares:
            return "runs, and shows nothing that could be compared"
        if self.holds:
            return "comes out the same"
        return next(text for kind, text in _VERDICTS.items() if kind in {one.kind for one in self.findings})

    @property
    def text(self) -> str:
        """For a terminal: the verdict, then each finding, and why."""
        told = f"{self.compared} tables, pictures, values and other outputs compared"
        if self.rounded:
            told += f", {self.rounded} of them equal to rounding (by {self.furthest:.1g} at most)"
        if self.tolerated:
            told += f", {self.tolerated}"
        place = f" with {self.where}" if self.where else ""
        left_out = f" Not compared: {'; '.join(self.not_compared)}." if self.not_compared else ""
        lines = [f"{self.report.name} {self.verdict}{place}; {told}.{left_out}"]
        lines += _listed([f"  {one.kind}: {one.text}" for one in self.findings])
        lines += _listed([f"  note: {text}" for text in self.remarks])
        lines += [f"  kept: {self.kept} is the page as it is made here"] if self.kept else []
        again = [] if self.rebuilt is None else [self.rebuilt.text]
        return "\n".join([*map(_printable_lines, lines), *self._why, *again])

    @property
    def _why(self) -> list[str]:
        """What may have moved the outputs: all that is recorded and otherwise, or that there is no such thing."""
        if not self._moved:
            return []
        kinds = dict.fromkeys(one.kind for one in self.findings if one.kind in {"input", "version", "code"})
        if self.rebuilt is not None and self.rebuilt.compares and not self.rebuilt._moved:
            return ["  why: libraries or code, which moved all of this since; with those of then nothing moves, below."]
        if self.where:
            return []
        if kinds or self.remarks:
            return [f"  why: what else is otherwise ({', '.join([*kinds, *['note'] * bool(self.remarks)])}, above)."]
        return [
            "  why: the inputs that parameters name, code, versions and processor are as they were. The notebook "
            "itself does not repeat: random numbers without a seed, the clock, the network, or another file."
        ]

    def as_data(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "report": self.report.name,
            "holds": self.holds,
            "verdict": self.verdict,
            "compared": self.compared,
            "not_compared": list(self.not_compared),
            "equal_to_rounding": self.rounded,
            "tolerated": self.tolerated or None,
            "findings": [{"kind": one.kind, "name": one.name, "text": one.text} for one in self.findings],
            "notes": list(self.remarks),
            "kept": self.kept or None,
            **({} if self.rebuilt is None else {"rebuilt": {**self.rebuilt.as_data(), "with": self.rebuilt.where}}),
        }


def _listed(lines: list[str]) -> list[str]:
    """The first of very many lines, each cut where a stranger's crate makes it endless; --json has all of them."""
    shown = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} ..." for line in lines[:_MOST_LINES]]
    more = len(lines) - len(shown)
    return [*shown, f"  ... and {more:,} more (--json lists them)"] if more else shown


def _printable_lines(text: str) -> str:
    """Outputs, titles and names may hold anything, a line like a verdict too: only what is ours begins a line."""
    first, *more = map(printable, text.split("\n"))
    return "\n      ".join([first, *more])
