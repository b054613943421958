"""Answers to the kit's assignments that are not the model's: right in another way, or wrong, with their points.

By assignment and question: a name, the code in place of the solution, and the points that it deserves.
"""

from __future__ import annotations

QUARTERS = """
quarters = {
    "top": units.index[units["culture"] >= units["culture"].quantile(0.75)],
    "bottom": units.index[units["culture"] <= units["culture"].quantile(0.25)],
}
kept = by_branch["kept"]
kendall = stats.kendalltau(units["culture"], units["retention"]).statistic
retained, low, high = {}, {}, {}
for name, chosen in quarters.items():
    n_j, y_j, k = kept.size()[chosen].to_numpy(), kept.sum()[chosen].to_numpy(), len(chosen)
    p = retained[name] = y_j.sum() / n_j.sum()
    v = k / (k - 1) * ((y_j - p * n_j) ** 2).sum() / n_j.sum() ** 2
    {interval}
retained_interval = pd.DataFrame({{"low": low, "high": high}})
"""
"""Of retention in two quarters of branches; `interval` sets `low[name]` and `high[name]`."""


def _quarters(interval: str) -> str:
    head, loop = QUARTERS.split("retained, low, high", 1)
    return head + "retained, low, high" + loop.replace("{{", "{").replace("}}", "}").replace("{interval}", interval)


_WILSON = (
    "e = p * (1 - p) / v; z = stats.norm.ppf(0.975); c = (p + z**2 / (2 * e)) / (1 + z**2 / e); "
    "h = z / (1 + z**2 / e) * np.sqrt(p * (1 - p) / e + z**2 / (4 * e**2)); low[name], high[name] = c - h, c + h"
)
_LOGIT = (
    "logit = np.log(p / (1 - p)); h = stats.t.ppf(0.975, k - 1) * np.sqrt(v) / (p * (1 - p)); "
    "low[name], high[name] = 1 / (1 + np.exp(h - logit)), 1 / (1 + np.exp(-h - logit))"
)
_BRANCHES = (
    "drawn = np.random.default_rng(seed).integers(0, k, (2000, k)); "
    "low[name], high[name] = np.quantile(y_j[drawn].sum(axis=1) / n_j[drawn].sum(axis=1), [0.025, 0.975])"
)
_CUSTOMERS = (
    "drawn = np.random.default_rng(seed).binomial(n_j.sum(), p, 5000) / n_j.sum(); "
    "low[name], high[name] = np.quantile(drawn, [0.025, 0.975])"
)

ONE_WAY = """
scores = survey.scores()[discipline].dropna()
sizes = scores.groupby(branch_of).transform("size")
scores = scores[sizes >= 5]
groups = scores.groupby(branch_of)
n_j, k = groups.size(), groups.ngroups
ms_between = (n_j * (groups.mean() - scores.mean()) ** 2).sum() / (k - 1)
ms_within = ((n_j - 1) * groups.var()).sum() / (len(scores) - k)
n0 = (n_j.sum() - (n_j**2).sum() / n_j.sum()) / (k - 1)
icc1 = (ms_between - ms_within) / (ms_between + (n0 - 1) * ms_within)
icc2 = 1 - ms_within / ms_between
items = survey.answers[dimension_items[discipline]]
rwg = (1 - items.groupby(branch_of).var().mean(axis=1) / ((7**2 - 1) / 12))[n_j.index]
may_aggregate = "yes" if icc2 >= 0.70 and rwg.median() >= 0.50 else "no"
"""

OTHER: dict[str, dict[str, dict[str, tuple[str, float]]]] = {
    "culture-to-customers": {
        "aggregation": {"n0 in place of the mean size": (ONE_WAY, 7)},
        "retention": {
            "bootstrap of branches": (_quarters(_BRANCHES), 6),
            "normal in place of t": (_quarters("low[name], high[name] = p + np.array([-1.96, 1.96]) * v**0.5"), 6),
            "Wilson with the effective number of customers": (_quarters(_WILSON), 6),
            "on the scale of the logit": (_quarters(_LOGIT), 6),
            "bootstrap of customers": (_quarters(_CUSTOMERS), 3),
        },
    },
}
