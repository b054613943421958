"""Words of lavaan and semopy for what cxkit.sem calls otherwise, each with one line that teaches the word here."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from cxkit.errors import CxkitWarning, ModelError, nearest

OPTIONS = {
    "group_equal": "equal",
    "group_partial": "free",
    "sampling_weights": "weights",
}
VALUES = {
    ("missing", "ml"): "fiml",
    ("missing", "direct"): "fiml",
}
NOT_HERE = {
    "se": "standard errors follow from estimator=: 'MLR' or 'MLM' for robust ones, fit.bootstrap() for resampled ones",
    "test": "the test follows from estimator=: 'MLR' (Yuan-Bentler), 'MLM' (Satorra-Bentler), 'WLSMV' (shifted)",
    "bootstrap": "call fit.bootstrap(1000) on the fit",
    "sample_cov": "pass sem.Moments(cov=..., n=...) in place of the data",
    "sample_nobs": "pass sem.Moments(cov=..., n=...) in place of the data",
    "sample_mean": "pass sem.Moments(cov=..., mean=..., n=...) in place of the data",
    "constraints": "write constraints into the model, one a line, such as 'a == b'",
    "mimic": "results are those of lavaan's own defaults",
    "bounds": "label a parameter and write 'label > 0' into the model",
    "rotation": "use cx.exploratory_factors",
    "std_ov": "standardise the columns beforehand, or read std_all in fit.estimates",
    "auto_var": "call sem.sem or sem.cfa, which add the usual variances and covariances",
    "obj": "estimator='ML', 'ULS', 'GLS', 'WLS' or 'DWLS' names the objective",
    "solver": "the optimiser is chosen by itself",
}
MODULE = {
    "Model": "semopy's Model(text).fit(data) is sem.sem(text, data)",
    "ModelMeans": "semopy's ModelMeans(text).fit(data) is sem.sem(text, data, meanstructure=True)",
    "calc_stats": "semopy's calc_stats(model) is fit.measures",
    "semplot": "semopy's semplot(model, file) is fit.plot()",
    "lavaan": "lavaan() without defaults is not covered; sem.sem(text, data) adds the usual ones",
    "fitMeasures": "fitMeasures(fit) is fit.measures",
    "parameterEstimates": "parameterEstimates(fit) is fit.estimates",
    "standardizedSolution": "standardizedSolution(fit) is fit.standardized",
    "modindices": "modindices(fit) is fit.modification_indices()",
    "lavPredict": "lavPredict(fit) is fit.scores()",
    "lavTestLRT": "lavTestLRT(fit1, fit2) is fit1.compare(fit2)",
    "anova": "anova(fit1, fit2) is fit1.compare(fit2)",
    "efa": "exploratory factors are cx.exploratory_factors",
}
FIT = {
    "inspect": "semopy's inspect() is fit.estimates",
    "fit": "a fit is made by sem.sem(model, data)",
    "params": "the parameters are fit.estimates",
    "coef": "coef(fit) is fit.estimates",
    "parameterEstimates": "parameterEstimates(fit) is fit.estimates",
    "parameter_estimates": "parameterEstimates(fit) is fit.estimates",
    "standardizedSolution": "standardizedSolution(fit) is fit.standardized",
    "standardized_solution": "standardizedSolution(fit) is fit.standardized",
    "standardised": "the standardised solution is fit.standardized",
    "fitMeasures": "fitMeasures(fit) is fit.measures",
    "fit_measures": "fitMeasures(fit) is fit.measures",
    "calc_stats": "semopy's calc_stats(model) is fit.measures",
    "modindices": "modindices(fit) is fit.modification_indices()",
    "mod_indices": "modindices(fit) is fit.modification_indices()",
    "lavPredict": "lavPredict(fit) is fit.scores()",
    "predict": "predict(fit) is fit.scores()",
    "predict_factors": "semopy's predict_factors() is fit.scores()",
    "fitted": "fitted(fit) is fit.implied()",
    "resid": "resid(fit) is fit.residuals()",
    "anova": "anova(fit1, fit2) is fit1.compare(fit2)",
    "lavTestLRT": "lavTestLRT(fit1, fit2) is fit1.compare(fit2)",
    "lavTestScore": "lavTestScore(fit) is fit.score_tests()",
    "lavInspect": "lavInspect(fit, ...) is fit.implied(), fit.r_squared, fit.vcov or fit.latent_correlations",
    "rsquare": "lavInspect(fit, 'rsquare') is fit.r_squared",
    "nobs": "nobs(fit) is fit.n",
    "aic": "the AIC is fit.measures['aic']",
    "bic": "the BIC is fit.measures['bic']",
    "semPaths": "semPaths(fit) is fit.plot()",
}


def translate(options: Mapping[str, Any], others: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The options in this module's words; each word of another package warns once, what is unknown is refused."""
    out = dict(options)
    for given, value in others.items():
        name = given.replace(".", "_")
        if name in NOT_HERE:
            raise ModelError(f"There is no option {given}= here: {NOT_HERE[name]}.")
        own = OPTIONS.get(name, name)
        if own not in out:
            raise ModelError(f"There is no option {given}=.{nearest(name, [*out, *OPTIONS])}")
        if out[own] is not defaults[own] and out[own] != defaults[own]:
            raise ModelError(f"{given}= and {own}= are the same option. Give one of them.")
        out[own] = value
        _teach(f"{given}= is called {own}= here")
    for (name, word), own in VALUES.items():
        if isinstance(out[name], str) and out[name].casefold() == word:
            _teach(f"{name}='{out[name]}' is called {name}='{own}' here")
            out[name] = own
    return out


def _teach(sentence: str) -> None:
    warnings.warn(f"{sentence}, and was understood so.", CxkitWarning, stacklevel=4)


class Summary(str):
    """Text that shows itself line by line where it is the last word of a cell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
