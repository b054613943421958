"""Structural equation models that agree with lavaan, on numpy and scipy: measures, structure, groups.

>>> from cxkit import sem
>>> fit = sem.cfa("loyalty =~ l1 + l2 + l3 + l4", answers)      # doctest: +SKIP
>>> fit.measures["cfi"], fit.estimates, fit.text                # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit
    from cxkit.sem.language.names import clean_names
    from cxkit.sem.ordinal.moments import OrdinalMoments, ordinal_moments, polychoric
    from cxkit.sem.sample.published import Moments

__all__ = [
    "Fit", "Moments", "OrdinalMoments", "cfa", "clean_names", "growth", "ordinal_moments", "polychoric", "sem",
]  # fmt: skip

_HOMES = {
    "Fit": "cxkit.sem.fit",
    "Moments": "cxkit.sem.sample.published",
    "OrdinalMoments": "cxkit.sem.ordinal.moments",
    "clean_names": "cxkit.sem.language.names",
    "ordinal_moments": "cxkit.sem.ordinal.moments",
    "polychoric": "cxkit.sem.ordinal.moments",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    from cxkit.sem.language.words import MODULE

    advice = f": {MODULE[name]} here" if name in MODULE else ""
    raise AttributeError(f"module 'cxkit.sem' has no attribute '{name}'{advice}")


def sem(
    model: str,
    data: Any,
    *,
    estimator: str | None = None,
    missing: str = "listwise",
    ordered: Sequence[str] | bool | None = None,
    group: str | None = None,
    equal: Sequence[str] = (),
    free: Sequence[str] = (),
    std_lv: bool = False,
    orthogonal: bool = False,
    cluster: str | None = None,
    weights: str | None = None,
    meanstructure: bool | None = None,
    information: str | None = None,
    parameterization: str = "delta",
    likelihood: str = "normal",
    fixed_x: bool | None = None,
    **words: Any,
) -> Fit:
    """Does the model explain how the answers hang together, and what are its parameters?

    Parameters
    ----------
    model
        The model in lavaan's language: `=~ ~ ~~ ~1 | := == < >`, one relation a line.
    data
        A DataFrame, one row per respondent, or `Moments` (a list of them for several groups).
    estimator
        ML, MLR, MLM, MLMV, GLS, ULS, ULSM, ULSMV, WLS, DWLS, WLSM or WLSMV. Default: ML; WLSMV with `ordered`; MLR
        with `cluster`.
    missing
        "listwise" leaves out respondents with any missing answer; "fiml" uses every answer given (ML and MLR);
        "pairwise" does so for `ordered` items: thresholds from all who answered the item, correlations from all who
        answered both (unbiased where answers are missing completely at random).
    ordered
        Items to be treated as ordered categories (True: all).
    group, equal, free
        Column that splits the sample; parameters held equal over groups: loadings, intercepts, thresholds, residuals,
        residual_covariances, lv_variances, lv_covariances, means, regressions; exceptions such as "textual =~ x5".
    std_lv
        Fix latent variances to 1 instead of the first loading.
    orthogonal
        Fix covariances of exogenous latent variables to 0.
    cluster, weights
        Column of the unit each respondent belongs to (robust standard errors); column of sampling weights.
    meanstructure, information, parameterization, likelihood, fixed_x
        As lavaan's options, and with lavaan's defaults: observed predictors are taken as given, except under least
        squares of continuous items.

    words
        lavaan's words for the same, such as `group_equal=`, are understood; a warning tells the word used here.

    Returns
    -------
    Fit

    Raises
    ------
    ModelError
        If an option or a name is not known, the model cannot be read, the data do not fit it, it is not identified, or
        no search converged.

    Notes
    -----
    Agrees with R's lavaan 0.6-14: `sem(model, data, estimator = , missing = , ordered = , group = , group.equal = )`.
    """
    options = {
        "estimator": estimator, "missing": missing, "ordered": ordered, "group": group, "equal": equal, "free": free,
        "std_lv": std_lv, "orthogonal": orthogonal, "cluster": cluster, "weights": weights,
        "meanstructure": meanstructure, "information": information, "parameterization": parameterization,
        "likelihood": likelihood, "fixed_x": fixed_x,
    }  # fmt: skip
    return _fit(model, data, options, words)


def _defaults() -> dict[str, Any]:
    return dict(sem.__kwdefaults__ or {})


def _fit(model: str, data: Any, options: dict[str, Any], words: dict[str, Any], *, growth: bool = False) -> Fit:
    from numpy.linalg import LinAlgError

    from cxkit.errors import ModelError
    from cxkit.sem.fitting import fit_model
    from cxkit.sem.language.words import translate
    from cxkit.sem.options import read_options

    checked = read_options(translate(options, words, _defaults()), growth=growth)
    try:
        return fit_model(model, data, checked)
    except LinAlgError as error:
        raise ModelError(
            "The calculation met a singular matrix: the model asks for more than these data hold. Look for items that "
            "are nearly copies of each other, for very small groups, and for parameters fixed at impossible values."
        ) from error


def cfa(model: str, data: Any, **options: Any) -> Fit:
    """Do the items measure the factors they are meant to? The same call as `sem`, under the name for this use."""
    return sem(model, data, **options)


def growth(model: str, data: Any, **options: Any) -> Fit:
    """How do people develop over occasions, and how much do they differ in it?

    The same call as `sem`, but the intercepts of the observed outcomes are 0 and the means of all latent variables are
    estimated, so that the factors of a growth curve (`level =~ 1*t1 + 1*t2 + 1*t3`) carry the means.

    Notes
    -----
    Agrees with R's lavaan 0.6-14: `growth(model, data)`.
    """
    known = _defaults()
    chosen = {name: options.pop(name) for name in list(options) if name in known}
    return _fit(model, data, {**known, **chosen}, options, growth=True)


# Help and completion then show the options of `sem`.
cfa.__wrapped__ = sem  # type: ignore[attr-defined]
growth.__wrapped__ = sem  # type: ignore[attr-defined]
