"""What would a journal want to read about a study of an instrument? A draft from the survey and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxkit.errors import AnalysisError, OptionError, counted
from cxkit.results.attempt import NotComputed
from cxkit.results.conclusion import escaped
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.statistics.weighted import effective_n
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.standards import JARS, SOURCES

TOLD: Mapping[str, str] = {
    "model": "model:", "estimator": "estimator:", "missing": "missing answers:", "method": "method:",
    "rotation": "rotation:", "n_factors": "number of factors:", "marker": "marker:", "criterion": "criterion:",
    "folds": "folds:", "repeats": "repeats:", "bootstraps": "resamples:", "simulations": "random data sets:",
    "seed": "seed:",
}  # fmt: skip
"""Options that belong into a paragraph on method, with the words before their values."""


@dataclass(frozen=True)
class Paragraph:
    """Method and results of a study in sentences, for a draft that a person goes over.

    Attributes
    ----------
    parts
        The method under its run-in headings: (heading, sentences); the analyses are a line each.
    findings
        What each result says, in the order in which they were given.
    references
        Keys of the sources.
    """

    parts: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def method(self) -> str:
        """All of the method, without headings."""
        return " ".join(words.replace("\n", " ") for _, words in self.parts)

    @property
    def results(self) -> str:
        """All of the results."""
        return " ".join(self.findings)

    def __str__(self) -> str:
        method = "\n".join(f"{heading}. {words}" for heading, words in self.parts)
        findings = "\n".join(self.findings)
        return f"Method\n{method}\n\nResults\n{findings}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        method = "".join(_paragraph(f"<b>{heading}.</b>", words) for heading, words in self.parts)
        results = "".join(_paragraph("", words) for words in self.findings)
        return f"<h3>Method</h3>{method}<h3>Results</h3>{results}"


def _paragraph(heading: str, words: str) -> str:
    """The words as html behind their heading; several lines are a list."""
    first, *rest = words.split("\n")
    if not rest:
        return f'<p class="cx-text">{heading} {escaped(first)}</p>'
    lines = "".join(f"<li>{escaped(line)}</li>" for line in (first, *rest))
    return f'<p class="cx-text">{heading}</p><ul class="cx-text">{lines}</ul>'


def methods_paragraph(survey: Survey, *results: Result | NotComputed) -> Paragraph:
    """What would a journal want to read about this study of an instrument?

    Follows the order of JARS-Quant: participants, instrument, missing answers, weights, analyses, results. What is not
    known is said to be unknown, in brackets, so that somebody fills it in.

    Parameters
    ----------
    survey
        The survey that the results rest on.
    results
        Results, in the order in which they should be read; of what an `attempt` could not compute, the reason is told.

    Raises
    ------
    AnalysisError
        If something other than a result is given.
    OptionError
        If the first argument is no survey.
    """
    if not isinstance(survey, Survey):
        raise OptionError(
            f"methods_paragraph takes the survey first, then results: methods_paragraph(survey, result); "
            f"{type(survey).__name__} is no survey."
        )
    computed = only_computed(results)
    parts = (
        ("Participants", _participants(survey)),
        ("Instrument", _instrument(survey)),
        ("Missing answers", _gaps(survey)),
        ("Weights", _weights(survey, computed)),
        ("Analyses", _analyses(computed)),
        ("Not computed", _not_computed(results)),
        ("Software", _software(survey)),
    )
    said = [result.text for result in computed] or ["[No result is given.]"]
    keys = dict.fromkeys([SOURCES[JARS], *(key for result in computed for key in result.references)])
    return Paragraph(tuple((name, words) for name, words in parts if words), tuple(said), tuple(keys))


def only_computed(results: Sequence[object]) -> tuple[Result, ...]:
    """The results among these, without what could not be computed."""
    computed = []
    for result in results:
        if isinstance(result, NotComputed):
            continue
        if not isinstance(result, Result):
            raise AnalysisError(
                f"A report is written from results, such as that of cronbach_alpha(survey); {type(result).__name__} is "
                "none."
            )
        computed.append(result)
    return tuple(computed)


def _participants(survey: Survey) -> str:
    about = survey.about
    synthetic = "The answers are synthetic: nobody was asked. " if about.synthetic else ""
    population = about.population or "[population not stated]"
    period = about.period or "[period not stated]"
    selection = about.selection or "[not stated how respondents came to take part]"
    return (
        f"{synthetic}{_who_took_part(survey)}. Population: {bare(population)}. Period: {bare(period)}. Selection: "
        f"{bare(selection)}."
    )


def _who_took_part(survey: Survey) -> str:
    """How many people, which are not as many as answer sheets where they answered in several waves."""
    people = survey.people
    if people.several:
        handed_in = f"handed in {counted(people.sheets, 'answer sheet')}"
        return f"{people.count} took part, {people.several:,} of them {people.where}, and {handed_in}"
    if people.may_repeat:
        return (
            f"{counted(people.sheets, 'answer sheet')} were handed in in {len(people.waves)} waves, "
            f"[{people.without_id:,} of them without an id: say how many people took part]"
        )
    return f"{counted(survey.n, 'respondent')} took part{f' in wave {people.waves[0]}' if people.waves else ''}"


def bare(words: str) -> str:
    """The words without the full stop at their end."""
    return words.strip().rstrip(".")


def _instrument(survey: Survey) -> str:
    instrument = survey.instrument
    items = [item for dimension in survey.dimensions for item in dimension.items]
    scales = sorted({str(item.scale) for item in items})
    turned = sum(item.reversed for item in items)
    version = f", version {instrument.version}" if instrument.version else ""
    size = f"{counted(len(survey.dimensions), 'dimension')}, {counted(len(items), 'item')}"
    reversed_items = f", {turned} of them reversed and turned round before scoring" if turned else ""
    formative = [d.title for d in survey.dimensions if d.kind == "formative"]
    kinds = f" Formative, so that items need not correlate: {', '.join(formative)}." if formative else ""
    status = f" Status: {bare(instrument.status)}." if instrument.status else ""
    return (
        f"{instrument.title}{version} ({bare(instrument.citation)}); {size}{reversed_items}; answers: "
        f"{', '.join(scales) or 'none'}.{kinds}{status}"
    )


def _gaps(survey: Survey) -> str:
    answered = survey.was_answered
    if not answered.size:
        return ""
    share = float((~answered).to_numpy().mean())
    if not share:
        return "None: every respondent answered everything."
    complete = int(answered.all(axis=1).sum())
    withheld = (
        f" The answers of fewer than {MINIMUM_CELL} respondents to only some items of a dimension were left out, to "
        "protect them."
        if survey.stamp.withholds
        else ""
    )
    whole = (
        f"{complete:,} answer sheets are complete"
        if survey.people.several
        else (f"{complete:,} respondents answered everything")
    )
    return f"{share:.1%} of all answers are missing; {whole}.{withheld}"


def _weights(survey: Survey, results: Sequence[Result]) -> str:
    """By which column respondents count, and which analyses honour it; nothing where the survey has no weights."""
    column = survey.columns.get("weight", "")
    named = f"the column '{column}'" if column else "their weights"
    if survey.weights is None:
        unused = f"the weights of the column '{column}' were" if column else ""
        alike = "all weights are the same, so that they were" if "weight" in survey.respondents else unused
        return f"Every respondent counts alike: {alike} not used." if alike else ""
    effective = effective_n(survey.weights.to_numpy(dtype="float64"))
    honoured = [result.title for result in results if is_weighted(result)]
    others = [f"{result.title}{_why_unweighted(survey, result)}" for result in results if not is_weighted(result)]
    said = [
        f"Respondents were weighted by {named} [say how the weights were made]; the {survey.n:,} respondents are as "
        f"precise as {effective:,.1f} of equal weight (Kish's effective n)."
    ]
    said += [f"Weighted: {_listed(honoured)}."] if honoured else []
    said += [f"Not weighted: {_listed(others)}."] if others else []
    return " ".join(said)


def is_weighted(result: Result) -> bool:
    """Whether the numbers of a result honour respondents' weights."""
    return result.n_effective is not None and result.data.has_weights and result.uses_weights


def _why_unweighted(survey: Survey, result: Result) -> str:
    if result.data.has_weights:
        return f" ({result.why_unweighted})" if result.why_unweighted else ""
    return " (computed from answers without weights)" if result.data.name == survey.name else " (other answers)"


def _listed(titles: Sequence[str]) -> str:
    return "; ".join(lowered(title) for title in dict.fromkeys(titles))


def _not_computed(results: Sequence[object]) -> str:
    """What was asked for and refused, a line each with its reason."""
    refused = {result.title: result.text for result in results if isinstance(result, NotComputed)}
    return "\n".join(f"{title}: {' '.join(reason.split())}" for title, reason in refused.items())


def _analyses(results: Sequence[Result]) -> str:
    parts = []
    for result in results:
        told = {name: result.settings.get(name) for name in TOLD}
        options = [f"{TOLD[name]} {_value(name, value)}" for name, value in told.items() if is_told(value)]
        sources = [cite(key) for key in result.references]
        size = [f"n = {result.n:,}"]
        size += [f"weighted, effective n = {result.n_effective:,.1f}"] if is_weighted(result) else []
        inside = "; ".join([*size, *options, *sources])
        parts.append(f"{result.title} ({inside}).")
    return "\n".join(parts)


def _value(name: str, value: object) -> str:
    """An option's value for a reader; names of methods without underscores."""
    return str(value).replace("_", "-") if name == "method" else str(value)


def is_told(value: object) -> bool:
    """Whether an option says anything."""
    return value is not None and value not in ("", [])


def lowered(title: str) -> str:
    """The title within a sentence; names such as "McDonald" keep their capitals after the first word."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _software(survey: Survey) -> str:
    from cxkit import __version__

    return f"Computed with cxkit {__version__} from the answers with the hash {survey.hash}."
