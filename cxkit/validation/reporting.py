"""What must a report of this instrument say, and what does it say already? A checklist from results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import ClassVar

import pandas as pd

from cxkit.errors import counted
from cxkit.results.attempt import NotComputed
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.survey.survey import Survey
from cxkit.validation.methods import bare, is_told, is_weighted, lowered, only_computed
from cxkit.validation.standards import COSMIN, JARS, SOURCES, STRUCTURE, TOPICS, Topic

LONGEST = 90
"""Letters of what a survey says of itself, in the printed table."""
THERE, PARTLY, MISSING, DOES_NOT_APPLY = "there", "partly", "missing", "does not apply"


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportStandards(Result):
    """A checklist, filled from results. `notes` name results that rest on other answers."""

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
        rest = ""
        for status, heading in ((PARTLY, "In part"), (MISSING, "Missing")):
            topics = rows.loc[rows["status"] == status, "topic"].tolist()
            rest += f" {heading}: {'; '.join(lowered(topic) for topic in topics)}." if topics else ""
        return f"{standard} ({cite(SOURCES[standard])}): {there} of {len(rows)} topics are there.{rest}"

    @property
    def missing(self) -> pd.DataFrame:
        """The topics that are missing or there in part, and what to do about each: topic, remedy."""
        rows = self.frame[self.frame["status"].isin([PARTLY, MISSING])]
        return rows[["standard", "topic", "remedy"]].reset_index(drop=True)

    @property
    def note(self) -> str:
        """What the list is and is not, and the usual line."""
        what = (
            "Topics in our own words; that a topic is there says nothing of how good the evidence is. What to do about "
            "the others stands in .missing."
        )
        return " ".join([what, super().note])


def report_standards(survey: Survey, *results: Result | NotComputed) -> ReportStandards:
    """Which topics of the reporting standards do these results cover, and what is missing?

    Parameters
    ----------
    survey
        The survey that the results rest on.
    results
        Whatever was computed, and what an `attempt` could not compute: that covers nothing, and its reason is told.

    Returns
    -------
    ReportStandards
        A row a topic: standard (JARS-Quant or COSMIN), topic, status (there, partly, missing, does not apply), where
        (titles of the results, or what the survey says), remedy (what to do where it is missing, or why what was tried
        could not be computed).

    Raises
    ------
    AnalysisError
        If something other than a result is given.
    """
    computed = only_computed(results)
    refused = [result for result in results if isinstance(result, NotComputed)]
    frame = pd.DataFrame([_row(topic, survey, computed, refused) for topic in TOPICS])
    notes = tuple(f"'{r.title}' rests on other answers ({r.data})." for r in _on_other_answers(survey, computed))
    return ReportStandards(
        frame=frame,
        n=survey.n,
        settings={"results": [type(r).__name__ for r in computed]},
        data=survey.stamp,
        notes=tuple(dict.fromkeys(notes)),
    )


def _row(topic: Topic, survey: Survey, results: Sequence[Result], refused: Sequence[NotComputed]) -> dict[str, object]:
    status, where = _status(topic, survey, results)
    remedy = _remedy(topic, where, refused) if status in (PARTLY, MISSING) else ""
    return {"standard": topic.standard, "topic": topic.title, "status": status, "where": where, "remedy": remedy}


def _remedy(topic: Topic, where: str, refused: Sequence[NotComputed]) -> str:
    """What to do; what was tried and refused is told with its reason."""
    named = {*topic.kinds, *topic.also}
    tried = [one for one in refused if one.kind in named and one.title not in where]
    reasons = {one.title: " ".join(one.text.split()) for one in tried}
    return " ".join([*(f"{title}: {reason}" for title, reason in reasons.items())]) or topic.remedy


def _status(topic: Topic, survey: Survey, results: Sequence[Result]) -> tuple[str, str]:
    if topic.reflective and survey.dimensions and all(d.kind == "formative" for d in survey.dimensions):
        return DOES_NOT_APPLY, "every dimension is formative"
    if topic.key not in FROM_SURVEY:
        return _covering(topic, survey, results)
    where = FROM_SURVEY[topic.key](survey, results)
    if where == DOES_NOT_APPLY:
        return DOES_NOT_APPLY, ""
    return (THERE, where) if where else (MISSING, "")


def _covering(topic: Topic, survey: Survey, results: Sequence[Result]) -> tuple[str, str]:
    """Whether results cover a topic, and their titles: all of it, or a part of it or of the dimensions."""
    found = [r for r in results if type(r).__name__ in topic.kinds and says_something(r)]
    also = [r for r in results if type(r).__name__ in topic.also and says_something(r)]
    where = "; ".join(dict.fromkeys(r.title for r in [*found, *also]))
    if topic.also == STRUCTURE:  # internal consistency wants a tested structure; that alone is no consistency
        where = "; ".join(dict.fromkeys(r.title for r in found)) if found and also else ""
    if not where:
        return MISSING, ""
    lacking = _left_out(survey, found) if topic.each else []
    if lacking:
        return PARTLY, f"{where} (not of {', '.join(lacking)})"
    return (THERE if found and (also or not topic.also) else PARTLY), where


def says_something(result: Result) -> bool:
    """Whether a result holds an estimate at all: where all answers are too few, its table may hold none.

    Numbers of respondents and items are no estimates.
    """
    numbers = result.frame.select_dtypes("float")
    estimates = numbers[[column for column in numbers if not str(column).startswith("n_") and column != "n"]]
    return len(result.frame) > 0 and (not estimates.shape[1] or bool(estimates.notna().any(axis=None)))


def _left_out(survey: Survey, results: Sequence[Result]) -> list[str]:
    """Titles of the reflective dimensions of two items or more that no result has a row for."""
    if any("dimension" not in result.frame for result in results):
        return []
    covered = set().union(*(set(result.frame["dimension"].dropna()) for result in results))
    wanted = [d for d in survey.dimensions if d.kind != "formative" and len(d.items) > 1]
    return [dimension.title for dimension in wanted if dimension.key not in covered]


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
    with_ends = [r.title for r in results if r.frame[_ending(r.frame, ends)].notna().any(axis=None)]
    return "; ".join(dict.fromkeys(with_ends))


def _ending(frame: pd.DataFrame, ends: tuple[str, ...]) -> list[str]:
    """The columns of interval ends; those of the answer scale are no interval of anything estimated."""
    named = [column for column in frame if str(column).endswith(ends)]
    return [column for column in named if str(column) not in ("scale_low", "scale_high")]


def _weights(survey: Survey, results: Sequence[Result]) -> str:
    """By which column respondents count and how many results honour it."""
    if survey.weights is None:
        return DOES_NOT_APPLY
    honoured = sum(is_weighted(result) for result in results)
    column = survey.columns.get("weight", "weight")
    return f"column '{column}': {honoured} of {counted(len(results), 'result')} weighted" if honoured else ""


def _seeds(survey: Survey, results: Sequence[Result]) -> str:
    seeds = [f"{r.title}: {r.settings['seed']}" for r in results if "seed" in r.settings]
    return "; ".join(dict.fromkeys(seeds)) or DOES_NOT_APPLY


FROM_SURVEY: Mapping[str, Callable[[Survey, Sequence[Result]], str]] = {
    "population": _population,
    "selection": lambda survey, results: shorten(bare(survey.about.selection), LONGEST, placeholder=" ..."),
    "numbers": _numbers,
    "same_answers": _same_answers,
    "treatment": _treatment,
    "weights": _weights,
    "instrument": _instrument_told,
    "uncertainty": _intervals,
    "seed": _seeds,
}
"""The topics that are filled from the survey or from all results."""
