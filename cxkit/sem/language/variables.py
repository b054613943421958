"""The roles that the variables of a model play."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cxkit.sem.language.statements import Statement, Syntax
from cxkit.sem.language.syntax import parse_model


@dataclass(frozen=True, kw_only=True)
class Variables:
    """The roles that the variables of a model play; predictors are `exogenous` (given) or `random` (modelled)."""

    latent: tuple[str, ...]
    observed: tuple[str, ...]
    exogenous: tuple[str, ...]
    random: tuple[str, ...]
    latent_exogenous: tuple[str, ...]
    outcomes: tuple[str, ...]
    single: frozenset[str]


def variables_of(syntax: Syntax, fixed_x: bool = True) -> Variables:
    """Who is latent, observed, exogenous, a pure outcome; in order of appearance, indicators first."""
    rows = syntax.statements
    loadings = [s for s in rows if s.op == "=~"]
    regressions = [s for s in rows if s.op == "~"]
    latent = _unique(s.lhs for s in loadings)
    measured = {s.rhs for s in loadings}
    explained = _unique(s.lhs for s in regressions)
    predictors = _unique(s.rhs for s in regressions)
    observed = _observed(rows, set(latent), explained, predictors)
    dependent = {*measured, *explained}
    outside = [name for name in predictors if name not in latent and name not in dependent]
    # A predictor whose moments the model speaks of is modelled, whatever fixed_x says.
    spoken = _spoken(rows)
    silent = tuple(name for name in outside if name not in spoken)
    given = silent if fixed_x else ()
    free = {*latent, *outside} - {*given} - dependent
    last = {*explained} - {*predictors} - measured
    everything = (*latent, *observed)
    return Variables(
        latent=latent,
        observed=observed,
        exogenous=given,
        random=() if fixed_x else silent,
        latent_exogenous=tuple(name for name in everything if name in free),
        outcomes=tuple(name for name in everything if name in last),
        single=_single_indicators(loadings, set(latent)),
    )


def _spoken(rows: Sequence[Statement]) -> set[str]:
    """Variables with a variance, covariance, mean, threshold or scale in the model."""
    found = set()
    for statement in rows:
        if statement.op in ("~~", "~1", "|", "~*~"):
            found |= {statement.lhs, statement.rhs}
    return found


def _observed(
    rows: Sequence[Statement], latent: set[str], explained: Sequence[str], predictors: Sequence[str]
) -> tuple[str, ...]:
    """Observed variables: indicators, then outcomes and predictors, then those that are named otherwise."""
    indicators = [s.rhs for s in rows if s.op == "=~"]
    others: list[str] = []
    for statement in rows:
        if statement.op in ("~~", "~"):
            others += [statement.lhs, statement.rhs]
        elif statement.op != "=~":
            others.append(statement.lhs)
    return _unique(name for name in (*indicators, *explained, *predictors, *others) if name not in latent)


def _single_indicators(loadings: Sequence[Statement], latent: set[str]) -> frozenset[str]:
    """Items alone under their factor, which measure it without error unless they belong to another factor as well."""
    size_of = Counter(s.lhs for s in loadings)
    factors_of = Counter(s.rhs for s in loadings)
    alone = {s.rhs for s in loadings if size_of[s.lhs] == 1 and factors_of[s.rhs] == 1}
    return frozenset(alone - latent)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


@lru_cache(maxsize=64)
def variables_in(model: str, fixed_x: bool) -> Variables:
    """`variables_of` a model as it is written, remembered."""
    return variables_of(parse_model(model), fixed_x)
