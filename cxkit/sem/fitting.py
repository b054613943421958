"""From a model and data to a fit: read both, choose the estimator, build the table, search, look for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cxkit.errors import ModelError
from cxkit.one_thread import in_one_thread
from cxkit.sem.after.finishing import finished
from cxkit.sem.choices import choose_estimator, choose_means, declared_items, ordered_items, refuse_combinations
from cxkit.sem.fit import Fit
from cxkit.sem.language.names import ambiguous_names, columns_of, unwritable
from cxkit.sem.language.statements import Syntax
from cxkit.sem.language.syntax import parse_model
from cxkit.sem.language.table import Options, Table, Variables, build_table, variables_in
from cxkit.sem.options import FitOptions
from cxkit.sem.ordinal.sample import with_ordinal
from cxkit.sem.sample.answers import read_frame
from cxkit.sem.sample.groups import GroupData, Sample, Shared
from cxkit.sem.sample.published import Moments, read_moments
from cxkit.sem.search.discrepancy import Objective
from cxkit.sem.search.estimation import NEAR
from cxkit.sem.search.estimators import ESTIMATORS, Estimator
from cxkit.sem.search.identification import refuse_unidentified
from cxkit.sem.search.objectives import as_if_complete, parts_for
from cxkit.sem.search.searching import effort_for, has_scarce_items, search, warm_start
from cxkit.sem.search.shared_models import models_of, spaces_of, with_exogenous
from cxkit.sem.search.starts import starting_values


@in_one_thread
def fit_model(model: str, data: Any, options: FitOptions) -> Fit:
    """See `cxkit.sem.sem`, which is this with its defaults."""
    syntax = _read_model(model, data)
    declared = declared_items(options.ordered, syntax)
    fixed_x = _takes_predictors_as_given(options, bool(declared))
    variables = variables_in(model, fixed_x)
    _refuse_idle_fixed_x(options, variables)
    items = ordered_items(declared, variables)
    chosen = choose_estimator(options, items)
    refuse_combinations(chosen, options, items, variables, data, syntax)
    sample = _sample(data, options, variables, items)
    means = choose_means(options, sample, syntax, bool(items))
    table = build_table(model, len(sample.groups), _table_options(options, sample, items, means, fixed_x))
    unbiased = options.likelihood == "wishart" or chosen.discrepancy != "ML"
    if unbiased and not items:
        sample = replace(sample, groups=tuple(_wishart(group) for group in sample.groups))
    notes = [*_notes(chosen, items, syntax, variables, data), *_growth_notes(options, variables, table, items)]
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


def _refuse_idle_fixed_x(options: FitOptions, variables: Variables) -> None:
    """A word on observed predictors is for models that have one."""
    has_predictor = bool(variables.exogenous) or bool({*variables.observed} & {*variables.latent_exogenous})
    if options.fixed_x is not None and not has_predictor:
        raise ModelError("fixed_x= changes nothing: the model has no observed predictor. Leave it out.")


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


def _growth_notes(options: FitOptions, variables: Variables, table: Table, items: Sequence[str]) -> list[str]:
    """Which means growth() leaves free or fixes at 0, of variables that are no repeated measures."""
    if not options.growth:
        return []
    rows = {row.lhs: row for row in table.group_rows(0) if row.op == "~1" and not row.user}
    random = [name for name in variables.latent_exogenous if name in rows and name in variables.observed]
    fixed = [name for name in variables.outcomes if name in rows and name in variables.observed]
    fixed = [name for name in fixed if rows[name].fixed == 0 and name not in items]
    out = []
    if random:
        out.append(
            f"The means of modelled predictors are free: {', '.join(random)}; lavaan's growth() fixes them at 0, as "
            f"'{random[0]} ~ 0*1' does here."
        )
    if fixed:
        out.append(
            f"growth() fixes the intercepts of observed outcomes at 0, as lavaan's does: {', '.join(fixed)}. Free them "
            f"by '{fixed[0]} ~ 1'."
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
    return finished(Fit, objective, solution, spaces, chosen, kept)


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
    """Covariances with divisor n - 1; those of incomplete answers are no such sums, and stay (as in lavaan)."""
    if data.patterns is not None:
        return data
    return replace(data, cov=data.cov * data.n / (data.n - 1), shared=Shared())
