"""Which model does the instrument describe? Its dimensions and higher-order constructs in the models' language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, OptionError, counted
from cxkit.results.options import check_choice, check_names
from cxkit.results.references import cite
from cxkit.survey.instrument import Dimension, HigherOrder, Item
from cxkit.survey.people import refuse_several_sheets
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Selection, constant_items, select, why_constant
from cxkit.validation.weighted_models import INSTEAD_OF_ML, estimator_for

Model = Literal["first-order", "second-order", "bifactor", "one-factor", "orthogonal"]
MODELS: tuple[Model, ...] = get_args(Model)

ORDERED_BELOW = 5
"""Answers with fewer categories are treated as ordered, with more as numbers (Rhemtulla et al. 2012)."""

GENERAL = "general"
LEAST_SQUARES = ("WLSMV", "WLSM", "WLS", "DWLS", "ULSMV", "ULSM", "ULS")
LIKELIHOOD = ("ML", "MLR", "MLM", "MLMV", "GLS")
FULL_INFORMATION = ("ML", "MLR")
Handling = Literal["fiml", "pairwise", "listwise"]
"""What happens to respondents with missing answers."""
PAIRWISE = (
    "Every answer given is used: thresholds from all who answered an item, correlations from all who answered both."
)


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of the instrument as the model language can read them, and the way back."""

    safe: Mapping[str, str]

    @classmethod
    def of(cls, keys: Sequence[str]) -> Names:
        """A name of letters, digits and underscores for each key; the key itself wherever it is one already."""
        safe: dict[str, str] = {}
        for key in keys:
            name = re.sub(r"\W", "_", key)
            name = name if re.match(r"[^\W\d]", name) else f"v_{name}"
            while name in safe.values():
                name += "_"
            safe[key] = name
        return cls(safe=safe)

    @property
    def key(self) -> dict[str, str]:
        """From the name in the model to the key of the instrument."""
        return {name: key for key, name in self.safe.items()}


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One factor of a model: what loads on it, and the words for it."""

    key: str
    title: str
    indicators: tuple[str, ...]
    equal: bool = False
    """Loadings held equal, because two indicators alone cannot tell two loadings apart."""


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """A model of an instrument before it meets answers."""

    kind: Model
    factors: tuple[Factor, ...]
    items: Mapping[str, Item]
    dimensions: tuple[Dimension, ...]
    names: Names
    orthogonal: bool
    notes: tuple[str, ...]

    @property
    def syntax(self) -> str:
        """The model in the language of lavaan: one factor a line."""
        return "\n".join(self._line(factor) for factor in self.factors)

    def _line(self, factor: Factor) -> str:
        name = self.names.safe[factor.key]
        before = f"equal_{name}*" if factor.equal else ""
        return f"{name} =~ " + " + ".join(before + self.names.safe[key] for key in factor.indicators)

    @property
    def title_of(self) -> dict[str, str]:
        """The words for every factor and dimension."""
        return {d.key: d.title for d in self.dimensions} | {f.key: f.title for f in self.factors}

    def answers(self, survey: Survey) -> pd.DataFrame:
        """The answers under the names of the model, reversed items turned round."""
        chosen = survey.answers[list(self.items)]
        return chosen.set_axis([self.names.safe[key] for key in self.items], axis=1)


def blueprint(survey: Survey, kind: Model, dimensions: Sequence[str] | None) -> Blueprint:
    """The model of that kind for the survey's instrument.

    Raises
    ------
    AnalysisError
        If the kind is unknown, no dimension is left, or the instrument cannot carry such a model.
    """
    check_choice("model", kind, MODELS)
    selection = select(
        survey, dimensions, items=2, analysis="confirmatory factor analysis", weighted=True, several_sheets=True
    )
    build: Mapping[str, Callable[[Survey, Selection], tuple[list[Factor], list[str]]]] = {
        "first-order": _first_order,
        "orthogonal": _orthogonal,
        "one-factor": _one_factor,
        "second-order": _second_order,
        "bifactor": _bifactor,
    }
    factors, notes = build[kind](survey, selection)
    items = {item.key: item for d in selection.dimensions for item in d.items}
    keys = [*items, *dict.fromkeys([*(d.key for d in selection.dimensions), *(f.key for f in factors)])]
    return Blueprint(
        kind=kind,
        factors=tuple(factors),
        items=items,
        dimensions=selection.dimensions,
        names=Names.of(keys),
        orthogonal=kind in ("orthogonal", "bifactor"),
        notes=(*selection.notes, *notes),
    )


def _first_order(survey: Survey, selection: Selection) -> tuple[list[Factor], list[str]]:
    alone = len(selection.dimensions) == 1
    return _dimension_factors(selection, alone=alone)


def _orthogonal(survey: Survey, selection: Selection) -> tuple[list[Factor], list[str]]:
    _need(selection, 2, "An orthogonal model")
    return _dimension_factors(selection, alone=True)


def _dimension_factors(selection: Selection, *, alone: bool) -> tuple[list[Factor], list[str]]:
    """A factor a dimension; `alone` where it has nothing but its own items to rest on."""
    factors, notes = [], []
    for d in selection.dimensions:
        pair = len(d.items) == 2
        factors.append(Factor(key=d.key, title=d.title, indicators=tuple(d.item_keys), equal=pair and alone))
        if pair and alone:
            notes.append(f"'{d.title}' has two items: their loadings are held equal, and nothing of it can be tested.")
        elif pair:
            notes.append(f"'{d.title}' has two items: its factor rests on how these correlate with other dimensions.")
    return factors, notes


def _one_factor(survey: Survey, selection: Selection) -> tuple[list[Factor], list[str]]:
    construct = _construct(survey, selection)
    keys = tuple(selection.item_keys)
    factor = Factor(key=construct.key, title=construct.title, indicators=keys, equal=len(keys) == 2)
    return [factor], ["Two items have equal loadings: nothing can be tested."] if factor.equal else []


def _bifactor(survey: Survey, selection: Selection) -> tuple[list[Factor], list[str]]:
    _need(selection, 2, "A bifactor model")
    (general,), _ = _one_factor(survey, selection)
    factors, notes = _dimension_factors(selection, alone=True)
    return [general, *factors], notes


def _second_order(survey: Survey, selection: Selection) -> tuple[list[Factor], list[str]]:
    factors, notes = _dimension_factors(selection, alone=False)
    kept = {d.key for d in selection.dimensions}
    known = [h for h in survey.instrument.higher_order if kept & set(h.dimensions)]
    for construct in known or [_construct(survey, selection)]:
        factor, note = _above(construct, [key for key in construct.dimensions if key in kept])
        factors.append(factor)
        notes += note
    if not known:
        notes.append("The instrument names no construct above its dimensions: one is assumed over all of them.")
    return factors, notes


def _above(construct: HigherOrder, keys: list[str]) -> tuple[Factor, list[str]]:
    if construct.kind == "formative":
        raise AnalysisError(
            f"'{construct.title}' is formative: its dimensions make it up and need not correlate, so a second-order "
            "factor does not describe it. Use model='first-order'."
        )
    if len(keys) < 2:
        raise AnalysisError(
            f"A second-order factor needs at least two dimensions of two items or more; '{construct.title}' has "
            f"{len(keys)}. Use model='first-order'."
        )
    notes = {
        2: f"'{construct.title}' has two dimensions: their loadings are held equal, or they could not be told apart.",
        3: f"'{construct.title}' has three dimensions: its model fits exactly as well as correlated dimensions do, so "
        "the answers cannot decide between the two.",
    }
    factor = Factor(key=construct.key, title=construct.title, indicators=tuple(keys), equal=len(keys) == 2)
    return factor, [notes[len(keys)]] if len(keys) in notes else []


def _construct(survey: Survey, selection: Selection) -> HigherOrder:
    """What stands above all dimensions: the instrument's construct where it has one and only one, or a general one."""
    named = survey.instrument.higher_order
    keys = tuple(d.key for d in selection.dimensions)
    if len(named) == 1 and set(keys) <= set(named[0].dimensions):
        return named[0]
    if len(keys) == 1:
        return HigherOrder(key=keys[0], title=selection.dimensions[0].title, dimensions=keys)
    taken = {*survey.instrument.items, *survey.instrument.dimension_keys}
    key = GENERAL if GENERAL not in taken else f"{GENERAL}_factor"
    return HigherOrder(key=key, title="General factor", dimensions=keys)


def _need(selection: Selection, dimensions: int, what: str) -> None:
    if len(selection.dimensions) < dimensions:
        raise AnalysisError(
            f"{what} needs at least {dimensions} dimensions of two items or more; there is "
            f"{counted(len(selection.dimensions), 'dimension')}. Use model='first-order'."
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a model is fitted: the estimator, what is ordered, what happens to missing answers; and why."""

    estimator: str
    ordered: tuple[str, ...]
    missing: Handling
    reasons: tuple[str, ...]


def plan(
    survey: Survey,
    items: Mapping[str, Item],
    *,
    estimator: str | None,
    missing: str | None,
    ordered: Sequence[str] | bool | None,
) -> Plan:
    """Estimator and treatment of missing answers, chosen by the answer scale where not given."""
    wanted, as_ordered, why = _estimator(items, estimator, ordered)
    chosen = estimator_for(
        survey, wanted, analysis="Confirmatory factor analysis", ordered=len(as_ordered), items=len(items)
    )
    gaps = bool(survey.answers[list(items)].isna().to_numpy().any())
    handled, also = _missing(chosen, missing, gaps=gaps, asked=estimator is not None, ordered=bool(as_ordered))
    changed = (INSTEAD_OF_ML,) if chosen != wanted else ()
    return Plan(estimator=chosen, ordered=as_ordered, missing=handled, reasons=(why, *changed, *also))


def _estimator(
    items: Mapping[str, Item], estimator: str | None, ordered: Sequence[str] | bool | None
) -> tuple[str, tuple[str, ...], str]:
    points = {key: item.scale.points for key, item in items.items()}
    coarse = tuple(key for key, p in points.items() if p is not None and p < ORDERED_BELOW)
    wanted = str(estimator).upper() if estimator is not None else None
    if wanted is not None:
        check_choice("estimator", wanted, (*LIKELIHOOD, *LEAST_SQUARES))
    if ordered is not None:
        chosen = _listed(items, ordered)
        return wanted or ("WLSMV" if chosen else "MLR"), chosen, ""
    if wanted is not None:
        discrete = tuple(key for key, p in points.items() if p is not None)
        return wanted, discrete if wanted in LEAST_SQUARES else (), ""
    source = cite("rhemtulla2012")
    if coarse:
        why = f"Answers with fewer than {ORDERED_BELOW} categories are treated as ordered, hence WLSMV ({source})."
        return "WLSMV", coarse, why
    why = f"Answers with {ORDERED_BELOW} or more categories are treated as numbers, hence MLR ({source})."
    return "MLR", (), why if any(points.values()) else "The answers are numbers, hence MLR."


def _listed(items: Mapping[str, Item], ordered: Sequence[str] | bool) -> tuple[str, ...]:
    if isinstance(ordered, bool):
        return tuple(items) if ordered else ()
    if isinstance(ordered, Iterable) and not list(ordered):
        return ()
    keys = check_names("ordered", ordered, list(items), of="This model has no item")
    return tuple(key for key in items if key in keys)


def _missing(
    estimator: str, missing: str | None, *, gaps: bool, asked: bool, ordered: bool
) -> tuple[Handling, tuple[str, ...]]:
    """What happens to missing answers; an estimator that was `asked` for and cannot use them all is refused."""
    if missing is not None:
        check_choice("missing", missing, Handling)
    likely = estimator in FULL_INFORMATION
    if missing == "fiml" and not likely and asked:
        others = "'pairwise' or 'listwise'" if ordered else "'listwise'"
        raise OptionError(f"missing='fiml' goes with estimator='ML' or 'MLR', not '{estimator}'. Use {others}.")
    if missing == "pairwise" and not ordered:
        raise OptionError("missing='pairwise' is for items treated as ordered. Use 'fiml', or ordered=True.")
    if not gaps:
        return "listwise", ()
    if missing == "listwise":
        return "listwise", ("Respondents with a missing answer are left out.",)
    if ordered:
        return "pairwise", (PAIRWISE,)
    if not likely:
        return "listwise", (f"Respondents with a missing answer are left out: {estimator} uses complete answers only.",)
    return "fiml", ("Every answer given is used (full information maximum likelihood).",)


def refuse_unusable(survey: Survey, keys: Sequence[str], missing: str) -> None:
    """Refuse answers from which no model can be estimated, in words, before any search begins.

    Raises
    ------
    AnalysisError
        If people handed in several sheets, there are no more respondents than items or fewer than five, an item does
        not vary, two items were never answered together, or an item follows from others.
    """
    refuse_several_sheets(survey.name, survey.people, "Confirmatory factor analysis")
    answers = survey.answers[list(keys)]
    used = answers.dropna() if missing == "listwise" else answers.dropna(how="all")
    if len(used) < max(len(keys) + 1, MINIMUM_CELL):
        gave = "all of them" if missing == "listwise" else "any of them"
        found = f"{counted(len(keys), 'item')}, and {counted(len(used), 'respondent')} answered {gave}"
        raise AnalysisError(
            f"Confirmatory factor analysis takes more respondents than items, and at least {MINIMUM_CELL}: "
            f"'{survey.name}' has {found}. Choose fewer dimensions=[...]"
            + (", or leave missing= as it is." if missing == "listwise" else ".")
        )
    constant = constant_items(used)
    if constant:
        raise AnalysisError(
            f"Confirmatory factor analysis cannot use items that do not vary: {why_constant(used, constant)}. Leave "
            "them out of the instrument, or ask more respondents."
        )
    r = used.corr().to_numpy()
    if not np.isfinite(r).all():
        raise AnalysisError(
            "Confirmatory factor analysis needs every two items answered by the same people at least twice; here some "
            "pairs were not. Choose fewer dimensions=[...]."
        )
    i, j = np.nonzero(np.triu(np.abs(r) > 1 - 1e-10, 1))
    if len(i):
        raise AnalysisError(
            "Confirmatory factor analysis cannot use items that follow exactly from one another: "
            f"{keys[i[0]]} and {keys[j[0]]}. Leave one of them out of the instrument."
        )
