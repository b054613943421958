"""What must a report of this instrument say, and what does it say already? A checklist from results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import ClassVar

import pandas as pd

from cxkit.results.attempt import NotComputed
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.survey.survey import Survey
from cxkit.validation.methods import bare, is_told, lowered, only_computed
from cxkit.validation.standards import COSMIN, JARS, SOURCES, STRUCTURE, TOPICS, Topic

LONGEST = 90
"""Letters of what a survey says of itself, in the printed table."""
THERE, MISSING, DOES_NOT_APPLY = "there", "missing", "does not apply"


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportStandards(Result):
    """A checklist, filled from results. `notes` name results that rest on other answers."""

    notes: tuple[str, ...] = ()

    why_unweighted: ClassVar[str] = "it is a list of what is reported"
    title: ClassVar[str] = "What a report of this instrument must say"
    sheets_of_one_person: ClassVar[str] = "nothing is estimated"
    cites: ClassVar[tuple[str, ...]] = tuple(SOURCES.values())
    shown: ClassVar[tuple[str, ...]] = ("standard", "topic", "status", "where")
    grouped: ClassVar[str] = "standard"

    @property
    def text(self) -> str:
        """How much of each standard is covered, and what is missing."""
        return " ".join(self._of(standard) for standard in (JARS, COSMIN))

    def _of(self, standard: str) -> str:
        rows = self.frame[(self.frame["standard"] == standard) & (self.frame["status"] != DOES_NOT_APPLY)]
        there = int((rows["status"] == THERE).sum())
        absent = rows.loc[rows["status"] == MISSING, "topic"].tolist()
        rest = f" Missing: {'; '.join(lowered(topic) for topic in absent)}." if absent else ""
        return f"{standard} ({cite(SOURCES[standard])}): {there} of {len(rows)} topics are there.{rest}"

    @property
    def missing(self) -> pd.DataFrame:
        """The topics that are missing, and what to do about each: topic, remedy."""
        rows = self.frame[self.frame["status"] == MISSING]
        return rows[["standard", "topic", "remedy"]].reset_index(drop=True)

    @property
    def note(self) -> str:
        """What the list is and is not, and the usual line."""
        what = (
            "Topics in our own words; that a topic is there says nothing of how good the evidence is. What to do about "
            "missing ones stands in .missing."
        )
        return " ".join([what, *self.notes, super().note])


def report_standards(survey: Survey, *results: Result | NotComputed) -> ReportStandards:
    """Which topics of the reporting standards do these results cover, and what is missing?

    Parameters
    ----------
    survey
        The survey that the results rest on.
    results
        Whatever was computed.

    Returns
    -------
    ReportStandards
        A row a topic: standard (JARS-Quant or COSMIN), topic, status (there, missing, does not apply), where (titles of
        the results, or what the survey says), remedy (what to do where it is missing).

    Raises
    ------
    AnalysisError
        If something else than a result is given.
    """
    computed = only_computed(results)
    frame = pd.DataFrame([_row(topic, survey, computed) for topic in TOPICS])
    notes = tuple(f"'{r.title}' rests on other answers ({r.data})." for r in _on_other_answers(survey, computed))
    return ReportStandards(
        frame=frame,
        n=survey.n,
        settings={"results": [type(r).__name__ for r in computed]},
        data=survey.stamp,
        notes=tuple(dict.fromkeys(notes)),
    )


def _row(topic: Topic, survey: Survey, results: Sequence[Result]) -> dict[str, object]:
    status, where = _status(topic, survey, results)
    remedy = topic.remedy if status == MISSING else ""
    return {"standard": topic.standard, "topic": topic.title, "status": status, "where": where, "remedy": remedy}


def _status(topic: Topic, survey: Survey, results: Sequence[Result]) -> tuple[str, str]:
    if topic.reflective and survey.dimensions and all(d.kind == "formative" for d in survey.dimensions):
        return DOES_NOT_APPLY, "every dimension is formative"
    where = FROM_SURVEY[topic.key](survey, results) if topic.key in FROM_SURVEY else _covering(topic, results)
    if where == DOES_NOT_APPLY:
        return DOES_NOT_APPLY, ""
    return (THERE, where) if where else (MISSING, "")


def _covering(topic: Topic, results: Sequence[Result]) -> str:
    """The titles of the results that cover a topic; internal consistency also wants a tested structure."""
    found = [r.title for r in results if type(r).__name__ in topic.kinds]
    if topic.standard == COSMIN and topic.key == "consistency":
        found = found if any(type(r).__name__ in STRUCTURE for r in results) else []
    return "; ".join(dict.fromkeys(found))


def _population(survey: Survey, results: Sequence[Result]) -> str:
    about = survey.about
    if not about.population or not about.period:
        return ""
    return shorten(f"{bare(about.population)}; {bare(about.period)}", LONGEST, placeholder=" ...")


def _numbers(survey: Survey, results: Sequence[Result]) -> str:
    sizes = sorted({result.n for result in results})
    return " to ".join(f"{n:,}" for n in dict.fromkeys([sizes[0], sizes[-1]])) + " respondents" if sizes else ""


def _same_answers(survey: Survey, results: Sequence[Result]) -> str:
    return survey.hash if results and not _on_other_answers(survey, results) else ""


def _on_other_answers(survey: Survey, results: Sequence[Result]) -> list[Result]:
    """Results that do not rest on this survey, other than judgements of experts, which never do."""
    judged = next(topic.kinds for topic in TOPICS if topic.key == "content")
    return [r for r in results if r.data.hash != survey.hash and type(r).__name__ not in judged]


def _treatment(survey: Survey, results: Sequence[Result]) -> str:
    if survey.given.notna().to_numpy().all():
        return "no answer is missing"
    ways = {str(result.settings["missing"]) for result in results if is_told(result.settings.get("missing"))}
    return ", ".join(sorted(ways))


def _instrument_told(survey: Survey, results: Sequence[Result]) -> str:
    return survey.instrument.title if survey.instrument.citation else ""


def _intervals(survey: Survey, results: Sequence[Result]) -> str:
    ends = ("_low", "_high")
    with_ends = [r.title for r in results if any(str(column).endswith(ends) for column in r.frame.columns)]
    return "; ".join(dict.fromkeys(with_ends))


def _seeds(survey: Survey, results: Sequence[Result]) -> str:
    seeds = [f"{r.title}: {r.settings['seed']}" for r in results if "seed" in r.settings]
    return "; ".join(dict.fromkeys(seeds)) or DOES_NOT_APPLY


FROM_SURVEY: Mapping[str, Callable[[Survey, Sequence[Result]], str]] = {
    "population": _population,
    "selection": lambda survey, results: shorten(bare(survey.about.selection), LONGEST, placeholder=" ..."),
    "numbers": _numbers,
    "same_answers": _same_answers,
    "treatment": _treatment,
    "instrument": _instrument_told,
    "uncertainty": _intervals,
    "seed": _seeds,
}
"""The topics that are filled from the survey or from all results."""
