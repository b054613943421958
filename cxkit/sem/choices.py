"""What the options of a call come to: estimator, ordered items and mean structure; refusals of what has no meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cxkit.errors import ModelError, nearest
from cxkit.sem.language.statements import Syntax
from cxkit.sem.language.table import Variables
from cxkit.sem.options import FitOptions
from cxkit.sem.sample.groups import Sample
from cxkit.sem.sample.published import Moments
from cxkit.sem.search.estimators import ESTIMATORS, Estimator

INFORMATIONS = ("expected", "observed")
MISSING = ("listwise", "fiml", "pairwise")


def declared_items(ordered: Sequence[str] | bool, syntax: Syntax) -> tuple[str, ...] | bool:
    """The ordered items: those of ordered= and, as in lavaan, those whose thresholds the model speaks of."""
    if ordered is True:
        return True
    named = () if ordered is False else tuple(ordered)
    spoken = tuple(statement.lhs for statement in syntax.statements if statement.op == "|")
    return tuple(dict.fromkeys((*named, *spoken)))


def ordered_items(ordered: Sequence[str] | bool, variables: Variables) -> tuple[str, ...]:
    """The ordered items in the order of the model; a name that cannot be one is refused."""
    if isinstance(ordered, bool):
        return tuple(n for n in variables.observed if n not in variables.exogenous) if ordered else ()
    names = ordered
    for name in names:
        if name in variables.latent:
            raise ModelError(f"'{name}' is a latent variable; only observed items can be ordered or have thresholds.")
        if name not in variables.observed:
            raise ModelError(f"ordered= names '{name}', which is not in the model.{nearest(name, variables.observed)}")
    return tuple(name for name in variables.observed if name in names)


def choose_estimator(options: FitOptions, items: Sequence[str]) -> Estimator:
    """The estimator with its information; lavaan's default for these items, units and weights where none is named."""
    name, information, cluster, weights = options.estimator, options.information, options.cluster, options.weights
    wanted = (name or _default_estimator(items, cluster)).upper()
    if weights and wanted == "ML":
        # With sampling weights the plain standard errors would be wrong; lavaan switches to the robust ones as well.
        wanted = "MLR"
    if wanted not in ESTIMATORS:
        raise ModelError(f"estimator= does not know '{name}'.{nearest(wanted, ESTIMATORS)}")
    if options.missing not in MISSING:
        raise ModelError(f"missing= does not know '{options.missing}'.{nearest(options.missing, MISSING)}")
    chosen = ESTIMATORS[wanted]
    if options.missing == "fiml" and information is None:
        information = "observed"
    if information is not None and information not in INFORMATIONS:
        raise ModelError(f"information= does not know '{information}'.{nearest(information, INFORMATIONS)}")
    information = information or chosen.information
    # With cluster= and no estimator lavaan keeps "ML", adds the scaled test to it, and takes other information for that
    # test than estimator = "MLR" does.
    alone = cluster is not None and name is None and not weights and information == "observed"
    return replace(chosen, information=information, test_information="h1" if alone else chosen.test_information)


def _default_estimator(items: Sequence[str], cluster: str | None) -> str:
    if items:
        return "WLSMV"
    return "MLR" if cluster else "ML"


def refuse_combinations(
    chosen: Estimator, options: FitOptions, items: Sequence[str], variables: Variables, data: Any, syntax: Syntax
) -> None:
    """Refuse combinations that have no meaning or are not covered, each with what to do instead."""
    likely, missing = chosen.discrepancy == "ML", options.missing
    if options.likelihood not in ("normal", "wishart"):
        raise ModelError(f"likelihood= does not know '{options.likelihood}'. Known: normal, wishart.")
    if options.likelihood == "wishart" and not likely:
        raise ModelError(
            f"likelihood='wishart' goes with maximum likelihood, not with estimator='{chosen.name}', which has no "
            "likelihood. Leave it out."
        )
    if options.likelihood == "wishart" and options.weights:
        raise ModelError("likelihood='wishart' is for answers without weights=: leave one of them out.")
    if options.parameterization not in ("delta", "theta"):
        raise ModelError(f"parameterization= does not know '{options.parameterization}'. Known: delta, theta.")
    if items and (likely or chosen.discrepancy == "GLS"):
        raise ModelError(f"Ordered answers need weighted least squares: estimator='WLSMV', not '{chosen.name}'.")
    _refuse_ordered_predictors(items, variables, syntax, options.parameterization)
    if missing == "fiml" and (not likely or chosen.se == "robust.sem"):
        raise ModelError(f"missing='fiml' goes with estimator='ML' or 'MLR', not '{chosen.name}'.")
    _refuse_pairwise(missing, items, variables)
    _refuse_units_and_weights(chosen, options, items, variables)
    given = isinstance(data, Moments) or (isinstance(data, list | tuple) and bool(data))
    if given and (items or missing == "fiml" or chosen.se != "standard" or chosen.discrepancy in ("WLS", "DWLS")):
        raise ModelError("Published moments allow estimator='ML', 'GLS' or 'ULS'; anything robust needs the answers.")


def _refuse_units_and_weights(
    chosen: Estimator, options: FitOptions, items: Sequence[str], variables: Variables
) -> None:
    """Units and weights go with MLR; weights also with WLSMV, where all variables are ordered answers."""
    cluster, weights = options.cluster, options.weights
    if weights and items and chosen.name == "WLSMV" and not cluster:
        other = [name for name in variables.observed if name not in items]
        if other:
            raise ModelError(
                f"With weights= either all variables are ordered or none is: '{other[0]}' is not. Treat all as "
                "ordered, or all as numbers."
            )
        if options.group is not None:  # lavaan 0.6 scales weights over all groups there, and its errors with them
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


def _refuse_ordered_predictors(
    items: Sequence[str], variables: Variables, syntax: Syntax, parameterization: str
) -> None:
    predictors = {s.rhs for s in syntax.statements if s.op == "~"}
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


def choose_means(options: FitOptions, sample: Sample, syntax: Syntax, has_ordered: bool) -> bool:
    """Whether the model has a mean structure; refused where the options ask for what the model cannot do without."""
    wanted, several = options.meanstructure, len(sample.groups) > 1
    needed = has_ordered or options.missing == "fiml" or several or options.cluster is not None or options.growth
    spoken = any(statement.op in ("~1", "|") for statement in syntax.statements)
    if spoken and not sample.has_means:
        raise ModelError("The model has intercepts, but Moments gives no means: add mean=.")
    if wanted is False and (needed or spoken):
        raise ModelError(
            "meanstructure=False contradicts groups, ordered or missing answers, clusters, or '~ 1' in the model."
        )
    # Means that somebody gives are meant to be used, as in lavaan's sample.mean=; those of answers are asked for.
    given = wanted is None and sample.groups[0].answers is None
    return sample.has_means and bool(wanted or needed or spoken or given)
