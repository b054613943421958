"""From a model and data to a fit: choose the estimator, read the data, build the table, search, look for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import comb
from typing import Any

import numpy as np

from cxkit.errors import ModelError, nearest
from cxkit.one_thread import in_one_thread
from cxkit.sem.cautions import with_warnings
from cxkit.sem.conditional_ordinal import conditional_moments
from cxkit.sem.constraints import null_space
from cxkit.sem.coverage import scarcest
from cxkit.sem.discrepancy import FullInformation, LeastSquares, MaximumLikelihood, Objective
from cxkit.sem.estimation import BRIEF, FULL, NEAR, PATIENT, Effort, Normalised, Solution, minimise
from cxkit.sem.fit import Fit
from cxkit.sem.groundwork import models_of, spaces_of, with_exogenous
from cxkit.sem.identification import refuse_unidentified
from cxkit.sem.inference import ESTIMATORS, Estimator, Frame, covariance
from cxkit.sem.model import GroupModel
from cxkit.sem.moments import GroupData, Moments, Sample, Shared, read_frame, read_moments
from cxkit.sem.names import ambiguous_names, columns_of, unwritable
from cxkit.sem.ordinal import ordinal_moments
from cxkit.sem.starts import has_negative_variance, starting_values, without_further_loadings
from cxkit.sem.statements import Syntax
from cxkit.sem.statistics import ContinuousStatistics, MomentSpace, OrdinalStatistics
from cxkit.sem.syntax import parse_model
from cxkit.sem.table import Options, Table, Variables, build_table, variables_in

INFORMATIONS = ("expected", "observed")
# Sampling variance of a moment that is rounding only, as a share of the variances of its items.
CERTAIN = 1e-14
# Patterns times squared items: below it an evaluation of incomplete answers takes less than a millisecond.
FEW_NUMBERS = 20_000
MISSING = ("listwise", "fiml", "pairwise")


@in_one_thread
def fit_model(
    model: str,
    data: Any,
    *,
    estimator: str | None,
    missing: str,
    ordered: Sequence[str] | bool,
    group: str | None,
    equal: Sequence[str],
    free: Sequence[str],
    std_lv: bool,
    orthogonal: bool,
    cluster: str | None,
    weights: str | None,
    meanstructure: bool | None,
    information: str | None,
    parameterization: str,
    likelihood: str,
    fixed_x: bool | None,
    growth: bool = False,
) -> Fit:
    """See `cxkit.sem.sem`, which is this with its defaults."""
    syntax = _read_model(model, data)
    ordered = _declared(ordered, syntax)
    squares = ESTIMATORS.get((estimator or "").upper(), ESTIMATORS["ML"]).discrepancy != "ML"
    fixed_x = (bool(ordered) or not squares) if fixed_x is None else fixed_x
    variables = variables_in(model, fixed_x)
    items = _ordered_items(ordered, variables)
    chosen = _estimator(estimator, missing, items, information, cluster, weights)
    _refuse(chosen, missing, items, variables, data, cluster, weights, group, likelihood, parameterization, model)
    sample = _sample(data, variables, missing, items, group, cluster, weights)
    groups = len(sample.groups)
    needed = bool(items) or missing == "fiml" or groups > 1 or cluster is not None or growth
    means = _means(meanstructure, sample, model, needed)
    options = Options(
        meanstructure=means,
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=fixed_x,
        equal=tuple(equal),
        free=tuple(free),
        ordered=items,
        thresholds={name: len(cuts) for name, cuts in sample.groups[0].thresholds.items()},
        parameterization=parameterization,
        growth=growth,
    )
    unbiased = likelihood == "wishart" or chosen.discrepancy != "ML"
    if unbiased and not items:
        sample = replace(sample, groups=tuple(_wishart(g) for g in sample.groups))
    table = build_table(model, groups, options)
    notes = _notes(chosen, items, syntax, variables, data)
    if notes:  # a sample without notes stays the one that later models of the same answers share
        sample = replace(sample, warnings=(*sample.warnings, *notes))
    settings = {
        "estimator": chosen.name, "missing": missing, "ordered": items, "group": group, "equal": options.equal,
        "free": options.free, "std_lv": std_lv, "orthogonal": orthogonal, "cluster": cluster, "weights": weights,
        "meanstructure": means, "information": chosen.information, "parameterization": parameterization,
        "likelihood": likelihood, "fixed_x": fixed_x, "unbiased": unbiased, "growth": growth,
    }  # fmt: skip
    return fit_table(model, table, sample, chosen, settings)


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


def _declared(ordered: Sequence[str] | bool, syntax: Syntax) -> tuple[str, ...] | bool:
    """The ordered items: those of ordered= and, as in lavaan, those whose thresholds the model speaks of."""
    if ordered is True:
        return True
    named = () if ordered is False else tuple(ordered)
    spoken = tuple(statement.lhs for statement in syntax.statements if statement.op == "|")
    return tuple(dict.fromkeys((*named, *spoken)))


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
    plain = _as_if_complete(objective) if settings["missing"] == "fiml" else objective
    refuse_unidentified(plain, spaces, start, settings)
    warm = None if plain is objective else _warm_start(plain, start)
    begin = start if warm is None else warm.z
    try:
        solution, table, models = _search(objective, begin, table, models, _effort(sample, plain is objective, warm))
    except ModelError:
        if warm is None or not _has_scarce_items(sample):
            raise
        # Where few answered an item, the moments that all answers estimate can be far from what the model implies.
        solution, table, models = _search(objective, start, table, models, NEAR)
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
    fit = Fit(
        **kept,
        solution=solution,
        frame=frame,
        parameter_covariance=covariance(frame),
        warnings=(),
    )
    return with_warnings(fit)


def parts_for(
    models: Sequence[GroupModel],
    spaces: Sequence[MomentSpace],
    sample: Sample,
    chosen: Estimator,
    settings: dict[str, Any],
) -> list[Any]:
    """The discrepancy of each group."""
    means = settings["meanstructure"]
    out: list[Any] = []
    for model, space, data in zip(models, spaces, sample.groups, strict=True):
        if chosen.discrepancy == "ML":
            out.append(
                FullInformation(model, data) if data.patterns is not None else MaximumLikelihood(model, data, means)
            )
        elif data.ordinal is not None:
            statistics = OrdinalStatistics(model, data.ordinal, settings["parameterization"])
            out.append(LeastSquares(model, data, statistics, _ordinal_weight(chosen, data)))
        else:
            weight = _continuous_weight(chosen, data, space)
            out.append(LeastSquares(model, data, ContinuousStatistics(model, data, space), weight))
    return out


def _ordinal_weight(chosen: Estimator, data: GroupData) -> np.ndarray:
    gamma = data.ordinal.gamma
    if chosen.discrepancy == "ULS":
        return np.ones(len(gamma))
    return np.linalg.inv(gamma) if chosen.discrepancy == "WLS" else 1 / np.diag(gamma)


def _continuous_weight(chosen: Estimator, data: GroupData, space: MomentSpace) -> np.ndarray:
    if chosen.discrepancy == "GLS":
        return space.normal_weight(np.linalg.inv(data.cov))
    if chosen.discrepancy == "ULS":
        return np.ones(space.size)
    if data.n <= space.size and chosen.discrepancy == "WLS":
        raise ModelError(
            f"WLS needs more respondents than moments: {data.n} for {space.size}. Use estimator='MLR' or 'DWLS'."
        )
    gamma = space.gamma(data)
    if chosen.discrepancy == "WLS":
        return np.linalg.inv(gamma)
    size = np.diag(data.cov)
    rounding = CERTAIN * np.concatenate([size[space.r] * size[space.c], size[space.m]])
    certain = np.flatnonzero(np.diag(gamma) <= rounding)
    if len(certain):
        pair = dict.fromkeys(data.names[k] for k in (space.r[certain[0]], space.c[certain[0]]))
        raise ModelError(
            f"{chosen.name} weighs each moment by how much it varies over samples, and the "
            f"{'covariance' if len(pair) > 1 else 'variance'} of {' and '.join(map(repr, pair))} does not: all answers "
            "lie as far from the mean. Use estimator='MLR', or declare the item as ordered."
        )
    return 1 / np.diag(gamma)


def _as_if_complete(objective: Objective) -> Objective:
    """The discrepancy of complete answers with the moments that the incomplete ones estimate."""
    return Objective([MaximumLikelihood(p.model, p.data, means=True) for p in objective.parts])


def _warm_start(plain: Objective, start: np.ndarray) -> Solution | None:
    """Where the model fits the moments that missing answers estimate, which is nearly there; None if it fails."""
    try:
        found = minimise(plain, start, tolerance=1e-6)
    except ModelError:
        return None
    return _better_end(plain, found, start, FULL)


def _has_scarce_items(sample: Sample) -> bool:
    """Whether some item, or pair of items, was answered by few."""
    return any(bool(scarcest(group.known_answers, group.names)) for group in sample.groups)


def _effort(sample: Sample, complete: bool, warm: Solution | None) -> Effort:
    """How long to search: an evaluation with incomplete answers costs many of those with complete ones."""
    if complete:
        return FULL
    if sum(group.patterns.seen.size * len(group.cov) for group in sample.groups if group.patterns) < FEW_NUMBERS:
        return PATIENT
    return BRIEF if warm is None else NEAR


def _search(
    objective: Objective, start: np.ndarray, table: Table, models: list[GroupModel], effort: Effort
) -> tuple[Solution, Table, list[GroupModel]]:
    """Minimise; an inequality that the solution breaks is then held as an equality."""
    solution = minimise(objective, start, effort=effort)
    # A second search is cheap with complete answers; with incomplete ones it was made where their moments were fitted.
    if effort is FULL or has_negative_variance(models, solution.z):
        solution = _better_end(objective, solution, start, effort)
    held: list[int] = []
    while True:
        values = table.basis @ solution.z + table.offset
        broken = [k for k, (a, b, _) in enumerate(table.inequalities) if a @ values < b - 1e-9 and k not in held]
        if not broken:
            return solution, table, models
        held += broken
        active = [(table.inequalities[k][0], table.inequalities[k][1]) for k in held]
        basis, offset = null_space([(a @ table.basis, b - a @ table.offset) for a, b in active], len(solution.z))
        table = replace(table, basis=table.basis @ basis, offset=table.basis @ offset + table.offset)
        for model in models:
            model.basis, model.offset = table.basis[model.parameter], table.offset[model.parameter]
        begin = np.linalg.lstsq(table.basis, values - table.offset, rcond=None)[0]
        solution = minimise(objective, begin)


def _better_end(objective: Objective, solution: Solution, start: np.ndarray, effort: Effort) -> Solution:
    """The better of two ends, where items with several loadings may have led the first search beside the optimum.

    A lower value with a negative variance does not replace an end without one.
    """
    models = [part.model for part in objective.parts]
    other = without_further_loadings(models, start)
    if other is None:
        return solution
    try:
        found = minimise(objective, other, effort=effort)
    except ModelError:
        return solution
    if not found.fits_better_than(solution):
        return solution
    if has_negative_variance(models, found.z) and not has_negative_variance(models, solution.z):
        return replace(solution, passed_over=True)
    return found


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


def _ordered_items(ordered: Sequence[str] | bool, variables: Variables) -> tuple[str, ...]:
    if isinstance(ordered, bool):
        return tuple(n for n in variables.observed if n not in variables.exogenous) if ordered else ()
    names = ordered
    for name in names:
        if name in variables.latent:
            raise ModelError(f"'{name}' is a latent variable; only observed items can be ordered or have thresholds.")
        if name not in variables.observed:
            raise ModelError(f"ordered= names '{name}', which is not in the model.{nearest(name, variables.observed)}")
    return tuple(name for name in variables.observed if name in names)


def _estimator(
    name: str | None,
    missing: str,
    items: Sequence[str],
    information: str | None,
    cluster: str | None,
    weights: str | None,
) -> Estimator:
    wanted = (name or ("WLSMV" if items else "MLR" if cluster else "ML")).upper()
    # With sampling weights the plain standard errors would be wrong; lavaan switches to the robust ones as well.
    wanted = "MLR" if weights and wanted == "ML" else wanted
    if wanted not in ESTIMATORS:
        raise ModelError(f"estimator= does not know '{name}'.{nearest(wanted, ESTIMATORS)}")
    if missing not in MISSING:
        raise ModelError(f"missing= does not know '{missing}'.{nearest(missing, MISSING)}")
    chosen = ESTIMATORS[wanted]
    if missing == "fiml" and information is None:
        information = "observed"
    if information is not None and information not in INFORMATIONS:
        raise ModelError(f"information= does not know '{information}'.{nearest(information, INFORMATIONS)}")
    information = information or chosen.information
    # With cluster= and no estimator lavaan keeps "ML", adds the scaled test to it, and takes other information for that
    # test than estimator = "MLR" does.
    alone = cluster is not None and name is None and not weights and information == "observed"
    return replace(chosen, information=information, test_information="h1" if alone else chosen.test_information)


def _refuse(
    chosen: Estimator, missing: str, items: Sequence[str], variables: Variables, data: Any, cluster: str | None,
    weights: str | None, group: str | None, likelihood: str, parameterization: str,
    model: str,
) -> None:  # fmt: skip
    """Combinations that have no meaning or are not covered, each with what to do instead."""
    likely = chosen.discrepancy == "ML"
    if likelihood not in ("normal", "wishart"):
        raise ModelError(f"likelihood= does not know '{likelihood}'. Known: normal, wishart.")
    if parameterization not in ("delta", "theta"):
        raise ModelError(f"parameterization= does not know '{parameterization}'. Known: delta, theta.")
    if items and (likely or chosen.discrepancy == "GLS"):
        raise ModelError(f"Ordered answers need weighted least squares: estimator='WLSMV', not '{chosen.name}'.")
    _refuse_ordered_predictors(items, variables, model, parameterization)
    if missing == "fiml" and (not likely or chosen.se == "robust.sem"):
        raise ModelError(f"missing='fiml' goes with estimator='ML' or 'MLR', not '{chosen.name}'.")
    _refuse_pairwise(missing, items, variables)
    _refuse_units_and_weights(chosen, items, variables, cluster, weights, group)
    given = isinstance(data, Moments) or (isinstance(data, list | tuple) and bool(data))
    if given and (items or missing == "fiml" or chosen.se != "standard" or chosen.discrepancy in ("WLS", "DWLS")):
        raise ModelError("Published moments allow estimator='ML', 'GLS' or 'ULS'; anything robust needs the answers.")


def _refuse_units_and_weights(
    chosen: Estimator, items: Sequence[str], variables: Variables, cluster: str | None, weights: str | None,
    group: str | None,
) -> None:  # fmt: skip
    """Units and weights go with MLR; weights also with WLSMV, where all variables are ordered answers."""
    if weights and items and chosen.name == "WLSMV" and not cluster:
        other = [name for name in variables.observed if name not in items]
        if other:
            raise ModelError(
                f"With weights= either all variables are ordered or none is: '{other[0]}' is not. Treat all as "
                "ordered, or all as numbers."
            )
        if group is not None:  # lavaan 0.6 scales weights over all groups there, and its errors with them
            raise ModelError(
                "weights= of ordered answers are for one group. Treat answers as numbers, or leave out group=."
            )
    elif (cluster or weights) and chosen.name != "MLR":
        raise ModelError(
            f"cluster= and weights= go with estimator='MLR', not '{chosen.name}'; weights= of ordered answers with "
            "'WLSMV' too."
        )


def _refuse_pairwise(missing: str, items: Sequence[str], variables: Variables) -> None:
    """Moments from pairs of answers are those of ordered items, without predictors."""
    if missing != "pairwise":
        return
    if not items:
        raise ModelError(
            "missing='pairwise' is for ordered items (ordered=). Of other answers missing='fiml' uses every one given."
        )
    if variables.exogenous:
        raise ModelError(
            f"missing='pairwise' is not there where ordered items are modelled given predictors such as "
            f"'{variables.exogenous[0]}'. Use missing='listwise'."
        )


def _refuse_ordered_predictors(items: Sequence[str], variables: Variables, model: str, parameterization: str) -> None:
    predictors = {s.rhs for s in parse_model(model).statements if s.op == "~"}
    outside = [name for name in items if name in variables.exogenous]
    if outside:
        raise ModelError(
            f"'{outside[0]}' only predicts others, so its order does not enter the model. Leave it out of ordered=, "
            "and make 0/1 columns of its categories if their distances matter."
        )
    inside = [name for name in items if name in predictors]
    if inside and parameterization == "delta":
        raise ModelError(
            f"The ordered item '{inside[0]}' predicts another variable: its residual variance must then be a "
            "parameter. Use parameterization='theta'."
        )


def _sample(
    data: Any, variables: Variables, missing: str, items: Sequence[str], group: str | None, cluster: str | None,
    weights: str | None,
) -> Sample:  # fmt: skip
    if isinstance(data, Moments) or (isinstance(data, list | tuple) and data and isinstance(data[0], Moments)):
        if group is not None:
            raise ModelError(
                f"group='{group}' needs the answers; published moments of several groups are given as a list of "
                "Moments, one per group."
            )
        return read_moments(data, variables.observed)
    sample = read_frame(
        data, variables.observed, missing=missing, ordered=items, exogenous=variables.exogenous, group=group,
        cluster=cluster, weights=weights,
    )  # fmt: skip
    return with_ordinal(sample, items, variables.exogenous) if items else sample


def with_ordinal(sample: Sample, items: Sequence[str], exogenous: Sequence[str] = ()) -> Sample:
    """Add thresholds, polychoric correlations and their covariance to every group."""
    warnings = []
    groups = []
    stacked = {i: np.concatenate([g.known_answers[:, g.names.index(i)] for g in sample.groups]) for i in items}
    categories = {name: np.unique(values[~np.isnan(values)]) for name, values in stacked.items()}
    for data in sample.groups:
        answers = data.known_answers
        columns = {name: answers[:, k] for k, name in enumerate(data.names)}
        label = f"group '{data.label}'" if data.label else ""
        if exogenous:
            groups.append(_given_predictors(data, columns, items, exogenous, categories, label))
            continue
        # Answers are only missing here under missing="pairwise": the other ways leave their rows out.
        holes = bool(np.isnan(answers).any())
        moments = ordinal_moments(
            columns, data.names, items, categories=categories, label=label, pairwise=holes, weights=data.weights
        )
        if moments.empty_cells:
            pairs = [f"{a} x {b}" for a, b in moments.empty_cells]
            more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
            warnings.append(
                f"{len(pairs)} of {comb(len(items), 2)} pairs of items have combinations of answers that nobody gave"
                f"{' in ' + label if label else ''}: {', '.join(pairs[:5])}{more}. With few respondents or many "
                "answers to choose from this is usual; correlations and errors of rarely chosen answers are then "
                "uncertain, and joining rare categories shows whether a conclusion depends on them."
            )
        groups.append(replace(data, cov=moments.corr, ordinal=moments, shared=Shared()))
    return replace(sample, groups=tuple(groups), warnings=tuple(warnings))


def _given_predictors(
    data: GroupData,
    columns: dict[str, np.ndarray],
    items: Sequence[str],
    exogenous: Sequence[str],
    categories: dict[str, np.ndarray],
    label: str,
) -> GroupData:
    """One group with the statistics of its ordered items given predictors; covariances put back together for starts."""
    outcomes = [name for name in data.names if name not in exogenous]
    moments = conditional_moments(columns, outcomes, items, exogenous, categories=categories, label=label)
    y, x = ([data.names.index(name) for name in names] for names in (outcomes, exogenous))
    cov, mean = np.zeros_like(data.cov), data.mean.copy()
    spread = moments.slopes @ moments.exogenous_cov
    cov[np.ix_(x, x)], cov[np.ix_(y, x)], cov[np.ix_(x, y)] = moments.exogenous_cov, spread, spread.T
    cov[np.ix_(y, y)] = moments.corr + spread @ moments.slopes.T
    return replace(data, cov=cov, mean=mean, ordinal=moments, shared=Shared())


def _means(wanted: bool | None, sample: Sample, model: str, needed: bool) -> bool:
    spoken = any(statement.op in ("~1", "|") for statement in parse_model(model).statements)
    if spoken and not sample.has_means:
        raise ModelError("The model has intercepts, but Moments gives no means: add mean=.")
    if wanted is False and (needed or spoken):
        raise ModelError(
            "meanstructure=False contradicts groups, ordered or missing answers, clusters, or '~ 1' in the model."
        )
    # Means that somebody gives are meant to be used, as in lavaan's sample.mean=; those of answers are asked for.
    given = wanted is None and sample.groups[0].answers is None
    return sample.has_means and bool(wanted or needed or spoken or given)


def _wishart(data: GroupData) -> GroupData:
    return replace(data, cov=data.cov * data.n / (data.n - 1), shared=Shared())
