"""May means of groups be compared? The evidence that an invariance analysis hands to whoever compares them.

A neighbour of `validation` may not import it, so what both need stands here: the evidence, and the check of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from cxkit.errors import EXAMPLES_SHOWN, AnalysisError, OptionError, counted
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import DataStamp, Survey

LEVELS = ("none", "configural", "thresholds", "metric", "scalar", "strict")
"""What is the same in every group, rising: nothing, the structure, thresholds (ordered answers), loadings too,
intercepts too, residual variances too."""

NOT_EXAMINED = "Measurement invariance has not been examined."


@dataclass(frozen=True, kw_only=True)
class InvarianceEvidence:
    """How far groups answered the same questionnaire alike: what `level_gap`, `group_profile` and `build_norm` ask for.

    Attributes
    ----------
    by
        The role that made the groups, or the name of the Series that did.
    groups
        The groups that were compared.
    levels
        Dimension to the level reached, one of `LEVELS`.
    partial
        Dimension to what was left free for it, such as "t3 ~ 1"; dimensions without are not in it.
    instrument
        The name of the instrument.
    data
        The answers that the evidence rests on.
    """

    by: str
    groups: tuple[str, ...]
    levels: Mapping[str, str]
    partial: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    instrument: str
    data: DataStamp

    def allows_means(self, dimension: str) -> bool:
        """Whether means of this dimension may be compared: its intercepts are equal, all or most of them."""
        return LEVELS.index(self.levels[dimension]) >= LEVELS.index("scalar")

    def level_of(self, dimension: str) -> str:
        """The level in words: "scalar", "partial scalar"."""
        return f"{'partial ' if self.partial.get(dimension) else ''}{self.levels[dimension]}"


@runtime_checkable
class HoldsEvidence(Protocol):
    """Anything that carries the evidence, such as the result of `measurement_invariance`."""

    @property
    def evidence(self) -> InvarianceEvidence:
        """What was found."""
        ...


def comparability(
    survey: Survey,
    dimensions: Sequence[Dimension],
    invariance: InvarianceEvidence | HoldsEvidence | None,
    *,
    by: str,
    groups: Iterable[str],
    override: str = "",
) -> str:
    """May the means of these groups be compared? The sentence that says so below the table.

    Parameters
    ----------
    survey, dimensions
        What is compared.
    invariance
        The evidence, or the result that holds it; None if there is none.
    by, groups
        The role that makes the groups, and the groups whose means are compared.
    override
        The reason for comparing all the same, which the sentence then states.

    Raises
    ------
    AnalysisError
        If the evidence is of another instrument or other groups, or does not reach scalar invariance (in part), and no
        `override` is given; also if an `override` is given without evidence to override.
    """
    if invariance is None:
        if override:
            raise OptionError("override= says why evidence against a comparison is set aside; give invariance= too.")
        return NOT_EXAMINED
    evidence = invariance.evidence if isinstance(invariance, HoldsEvidence) else invariance
    if not isinstance(evidence, InvarianceEvidence):
        raise OptionError(
            f"invariance= is a {type(invariance).__name__}; give that of measurement_invariance(survey, by='{by}')."
        )
    against = _objections(survey, dimensions, evidence, by, list(groups))
    if not against:
        return _sentence(dimensions, evidence)
    if not override.strip():
        raise AnalysisError(
            f"The means are not compared: {' '.join(against)} To compare them all the same, say why: "
            'override="<reason>"; the reason is printed below the table.'
        )
    return f"Compared against the evidence on measurement invariance ({' '.join(against)}) Reason given: {override}."


def _objections(
    survey: Survey, dimensions: Sequence[Dimension], evidence: InvarianceEvidence, by: str, groups: list[str]
) -> list[str]:
    """Sentences that speak against the comparison."""
    if evidence.instrument != survey.instrument.name:
        return [f"the evidence is of the instrument '{evidence.instrument}', these are answers to "
                f"'{survey.instrument.name}'."]  # fmt: skip
    if evidence.by != by:
        return [f"invariance was examined by {evidence.by}, and these are groups by {by}."]
    out = []
    unknown = [name for name in groups if name not in evidence.groups]
    if unknown:
        more = f" and {len(unknown) - EXAMPLES_SHOWN} more" if len(unknown) > EXAMPLES_SHOWN else ""
        names = ", ".join(f"'{name}'" for name in unknown[:EXAMPLES_SHOWN])
        out.append(f"invariance was not examined for {counted(len(unknown), 'group')}: {names}{more}.")
    short = [d for d in dimensions if d.key in evidence.levels and not evidence.allows_means(d.key)]
    if short:
        reached = "; ".join(f"{d.title} reaches {_words(evidence.level_of(d.key))}" for d in short)
        out.append(f"that takes scalar invariance, and {reached}.")
    if not any(d.key in evidence.levels for d in dimensions):
        out.append("none of these dimensions was examined.")
    return out


def _words(level: str) -> str:
    return "not even configural invariance" if level == "none" else f"{level} invariance"


def _sentence(dimensions: Sequence[Dimension], evidence: InvarianceEvidence) -> str:
    by_level: dict[str, list[str]] = {}
    for dimension in dimensions:
        if dimension.key in evidence.levels:
            by_level.setdefault(evidence.level_of(dimension.key), []).append(dimension.title)
    reached = "; ".join(f"{level} ({_name_a_few(titles)})" for level, titles in by_level.items())
    missing = [d.title for d in dimensions if d.key not in evidence.levels]
    rest = f" Not examined: {', '.join(missing)}." if missing else ""
    if any(evidence.partial.get(d.key) for d in dimensions):
        rest = f" Where it holds in part, compare without the items that differ too.{rest}"
    return f"Measurement invariance by {evidence.by}: {reached}; {evidence.data}.{rest}"


def _name_a_few(titles: list[str]) -> str:
    return ", ".join(titles) if len(titles) <= 3 else f"{len(titles)} dimensions"
