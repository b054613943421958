"""From a model and data to a fit: read both, choose the estimator, build the table, search, look for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cxkit.errors import ModelError
from cxkit.one_thread import in_one_thread
from cxkit.sem.cautions import find_cautions
from cxkit.sem.choices import choose_estimator, choose_means, declared_items, ordered_items, refuse_combinations
from cxkit.sem.discrepancy import Objective
from cxkit.sem.estimation import NEAR, Normalised, Solution
from cxkit.sem.estimators import ESTIMATORS, Estimator
from cxkit.sem.fit import Fit
from cxkit.sem.groundwork import models_of, spaces_of, with_exogenous
from cxkit.sem.identification import refuse_unidentified
from cxkit.sem.inference import Frame, covariance
from cxkit.sem.model import GroupModel
from cxkit.sem.moments import GroupData, Moments, Sample, Shared, read_frame, read_moments
from cxkit.sem.names import ambiguous_names, columns_of, unwritable
from cxkit.sem.objectives import as_if_complete, parts_for
from cxkit.sem.options import FitOptions
from cxkit.sem.ordinal_sample import with_ordinal
from cxkit.sem.searching import effort_for, has_scarce_items, search, warm_start
from cxkit.sem.starts import starting_values
from cxkit.sem.statements import Syntax
from cxkit.sem.statistics import MomentSpace
from cxkit.sem.syntax import parse_model
from cxkit.sem.table import Options, Table, Variables, build_table, variables_in


@in_one_thread
def fit_model(model: str, data: Any, options: FitOptions) -> Fit:
    """See `cxkit.sem.sem`, which is this with its defaults."""
    syntax = _read_model(model, data)
    declared = declared_items(options.ordered, syntax)
    fixed_x = _takes_predictors_as_given(options, bool(declared))
    variables = variables_in(model, fixed_x)
    items = ordered_items(declared, variables)
    chosen = choose_estimator(options, items)
    refuse_combinations(chosen, options, items, variables, data, syntax)
    sample = _sample(data, options, variables, items)
    means = choose_means(options, sample, syntax, bool(items))
    table = build_table(model, len(sample.groups), _table_options(options, sample, items, means, fixed_x))
    unbiased = options.likelihood == "wishart" or chosen.discrepancy != "ML"
    if unbiased and not items:
        sample = replace(sample, groups=tuple(_wishart(group) for group in sample.groups))
    notes = _notes(chosen, items, syntax, variables, data)
    if notes:  # a sample without notes stays the one that later models of the same answers share
        sample = replace(sample, warnings=(*sample.warnings, *notes))
    settings = {
        "estimator": chosen.name, "missing": options.missing, "ordered": items, "group": options.group,
        "equal": options.equal, "free": options.free, "std_lv": options.std_lv, "orthogonal": options.orthogonal,
        "cluster": options.cluster, "weights": options.weights, "meanstructure": means,
        "information": chosen.information, "parameterization": options.parameterization,
        "likelihood": options.likelihood, "fixed_x": fixed_x, "unbiased": unbiased, "growth": options.growth,
    }  # fmt: skip
    return fit_table(model, table, sample, chosen, settings)


def _takes_predictors_as_given(options: FitOptions, has_ordered: bool) -> bool:
    """Whether observed predictors are given; lavaan models them under least squares of continuous items only."""
    if options.fixed_x is not None:
        return options.fixed_x
    named = ESTIMATORS.get((options.estimator or "").upper(), ESTIMATORS["ML"])
    return has_ordered or named.discrepancy == "ML"


def _table_options(options: FitOptions, sample: Sample, items: tuple[str, ...], means: bool, fixed_x: bool) -> Options:
    return Options(
        meanstructure=means,
        std_lv=options.std_lv,
        orthogonal=options.orthogonal,
        fixed_x=fixed_x,
        equal=options.equal,
        free=options.free,
        ordered=items,
        thresholds={name: len(cuts) for name, cuts in sample.groups[0].thresholds.items()},
        parameterization=options.parameterization,
        growth=options.growth,
    )


def _read_model(model: str, data: Any) -> Syntax:
    """The model as statements; where it cannot be read, columns that no model can write are named as well."""
    if not isinstance(model, str):
        raise ModelError(f"The model is a {type(model).__name__}; expected text such as 'factor =~ item1 + item2'.")
    try:
        return parse_model(model)
    except ModelError as error:
        hint = unwritable(columns_of(data), model)
        if not hint:
            raise
        raise ModelError(f"{error}{hint}") from error


def _notes(chosen: Estimator, items: Sequence[str], syntax: Syntax, variables: Variables, data: Any) -> list[str]:
    """What the reader may have meant otherwise than it was understood."""
    out = ambiguous_names(syntax, variables.latent, variables.observed, columns_of(data))
    if chosen.discrepancy == "DWLS" and not items:
        out.append(
            f"estimator='{chosen.name}' without ordered items treats the answers as continuous. If they are ordered "
            "categories, say so by ordered=True; if not, 'MLR' is the usual robust choice."
        )
    return out


@in_one_thread
def fit_table(model: str, table: Table, sample: Sample, chosen: Estimator, settings: dict[str, Any]) -> Fit:
    """Fit a finished parameter table to data that have been read."""
    ordered = settings["ordered"]
    table = with_exogenous(table, sample)
    models = models_of(table, ordered)
    spaces = spaces_of(table, settings["meanstructure"])
    objective = Objective(parts_for(models, spaces, sample, chosen, settings))
    if settings["unbiased"]:
        objective.lose_one()
    start = starting_values(models, list(sample.groups), table.basis.shape[1])
    # With missing answers the moments that they estimate know as well what can be told apart, and are soon asked: every
    # pair of items was answered together by somebody.
    plain = as_if_complete(objective) if settings["missing"] == "fiml" else objective
    refuse_unidentified(plain, spaces, start, settings)
    warm = None if plain is objective else warm_start(plain, start)
    begin = start if warm is None else warm.z
    try:
        solution, table, models = search(objective, begin, table, models, effort_for(sample, plain is objective, warm))
    except ModelError:
        if warm is None or not has_scarce_items(sample):
            raise
        # Where few answered an item, the moments that all answers estimate can be far from what the model implies.
        solution, table, models = search(objective, start, table, models, NEAR)
    if warm is not None and warm.passed_over:
        solution = replace(solution, passed_over=True)
    kept = {"model": model, "settings": settings, "table": table, "sample": sample}
    return finished(objective, solution, spaces, chosen, kept)


def finished(
    objective: Objective, solution: Solution, spaces: tuple[MomentSpace, ...], chosen: Estimator, kept: dict[str, Any]
) -> Fit:
    """The fit of a search that has ended; `kept` are the model, its settings, table and sample."""
    models = [part.model for part in objective.parts]
    kind = "hessian" if chosen.information == "observed" else "information"
    second = Normalised(objective.second(solution.states, kind), _names_of(models))
    frame = Frame(
        objective=objective, states=solution.states, spaces=spaces, estimator=chosen, bread_inverse=second.inverse
    )
    fit = Fit(**kept, solution=solution, frame=frame, parameter_covariance=covariance(frame), warnings=())
    found = find_cautions(fit)
    return replace(fit, warnings=found) if found else fit


def _names_of(models: Sequence[GroupModel]) -> Any:
    """Function from a vector over z to the parameters that weigh most in it."""

    def names(vector: np.ndarray) -> list[str]:
        weights: dict[str, float] = {}
        for model in models:
            for row, size in zip(model.rows, np.abs(model.basis @ vector), strict=True):
                name = f"'{row.lhs} {row.op} {row.rhs}'".replace("~1 '", "~ 1'")
                weights[name] = max(weights.get(name, 0.0), float(size))
        return sorted(weights, key=lambda name: -weights[name])

    return names


def _sample(data: Any, options: FitOptions, variables: Variables, items: Sequence[str]) -> Sample:
    if isinstance(data, Moments) or (isinstance(data, list | tuple) and data and isinstance(data[0], Moments)):
        if options.group is not None:
            raise ModelError(
                f"group='{options.group}' needs the answers; published moments of several groups are given as a "
                "list of Moments, one per group."
            )
        return read_moments(data, variables.observed)
    sample = read_frame(
        data, variables.observed, missing=options.missing, ordered=items, exogenous=variables.exogenous,
        group=options.group, cluster=options.cluster, weights=options.weights,
    )  # fmt: skip
    return with_ordinal(sample, items, variables.exogenous) if items else sample


def _wishart(data: GroupData) -> GroupData:
    return replace(data, cov=data.cov * data.n / (data.n - 1), shared=Shared())
