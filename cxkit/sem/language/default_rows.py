"""What lavaan's cfa() and sem() add to a model as it is written, one group at a time."""

from __future__ import annotations

from itertools import combinations

from cxkit.sem.language.rows import Options, Row
from cxkit.sem.language.syntax import parse_model
from cxkit.sem.language.variables import Variables


def default_rows(variables: Variables, group: int, options: Options, equal: frozenset[str]) -> list[Row]:
    """Rows that the model does not write and needs; of ordered answers as in Wu & Estabrook (2016)."""
    rows = [
        *_threshold_rows(variables, group, options),
        *_variance_rows(variables, group, options, equal),
        *_covariance_rows(variables, group, options),
        *_scale_rows(variables, group, options, equal),
    ]
    if options.meanstructure:
        rows += _mean_rows(variables, group, options, equal)
    return rows


def _threshold_rows(variables: Variables, group: int, options: Options) -> list[Row]:
    rows = []
    for name in variables.observed:
        if name in options.ordered:
            rows += [Row(name, "|", f"t{k + 1}", group) for k in range(options.thresholds.get(name, 1))]
    return rows


def _variance_rows(variables: Variables, group: int, options: Options, equal: frozenset[str]) -> list[Row]:
    """Residual variances of items, then variances of latent variables."""
    rows = []
    for name in variables.observed:
        if name in variables.exogenous:
            continue
        fixed = 0.0 if name in variables.single else None
        if name in options.ordered:
            freed = group > 0 and options.parameterization == "theta" and _scale_free(name, options, equal)
            fixed = None if freed else 1.0
        rows.append(Row(name, "~~", name, group, fixed))
    # Equal loadings carry the unit of the first group to the others, whose variances are then free.
    unit_is_carried = group > 0 and "loadings" in equal and "lv_variances" not in equal
    fixed = 1.0 if options.std_lv and not unit_is_carried else None
    return rows + [Row(name, "~~", name, group, fixed) for name in variables.latent]


def _covariance_rows(variables: Variables, group: int, options: Options) -> list[Row]:
    """Covariances of exogenous variables and of outcomes; latent with latent and observed with observed, as lavaan."""
    rows = []
    apart = 0.0 if options.orthogonal else None
    latent = set(variables.latent)
    for a, b in combinations(variables.latent_exogenous, 2):
        if (a in latent) == (b in latent):
            rows.append(Row(a, "~~", b, group, apart if a in latent else None))
    rows += [Row(a, "~~", b, group, apart) for a, b in combinations(variables.outcomes, 2)]
    for i, name in enumerate(variables.exogenous):
        rows += [Row(name, "~~", other, group, 0.0, exogenous=True) for other in variables.exogenous[i:]]
    return rows


def _scale_rows(variables: Variables, group: int, options: Options, equal: frozenset[str]) -> list[Row]:
    rows = []
    for name in variables.observed:
        if name in options.ordered:
            free = group > 0 and options.parameterization == "delta" and _scale_free(name, options, equal)
            rows.append(Row(name, "~*~", name, group, None if free else 1.0))
    return rows


def _scale_free(name: str, options: Options, equal: frozenset[str]) -> bool:
    if "thresholds" not in equal or "residuals" in equal:
        return False
    return options.thresholds.get(name, 1) > 1 or {"loadings", "intercepts"} <= equal


def _intercept_free(name: str, options: Options, equal: frozenset[str]) -> bool:
    """Equal thresholds give the later groups a free origin, as semTools' measEq.syntax(ID.cat = "Wu.Estabrook.2016").

    The one threshold of an item with two answers, held equal, then restricts nothing (Wu & Estabrook 2016).
    """
    if "thresholds" not in equal or "intercepts" in equal:
        return False
    if options.thresholds.get(name, 1) > 1:
        return True
    released = {(s.lhs, s.op) for text in options.free for s in parse_model(text).statements}
    return not options.growth and (name, "|") not in released


def _mean_rows(variables: Variables, group: int, options: Options, equal: frozenset[str]) -> list[Row]:
    rows = []
    for name in (n for n in variables.observed if n not in variables.exogenous):
        # Growth fixes the origin of what is measured; a predictor's mean is its own, unless the model writes it.
        fixed = 0.0 if options.growth and name not in variables.latent_exogenous else None
        if name in options.ordered:
            fixed = None if group > 0 and _intercept_free(name, options, equal) else 0.0
        rows.append(Row(name, "~1", "", group, fixed))
    rows += [Row(name, "~1", "", group, 0.0, exogenous=True) for name in variables.exogenous]
    free = options.growth or (group > 0 and "intercepts" in equal and "means" not in equal)
    return rows + [Row(name, "~1", "", group, None if free else 0.0) for name in variables.latent]
