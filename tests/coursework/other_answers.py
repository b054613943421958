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

ICC_OF_UNITS = """
table = scores.assign(unit=people["unit"])
icc1, icc2 = {}, {}
for key in dimension_items:
    own = table[["unit", key]].dropna()
    y, n_j = own[key], own.groupby("unit").size()
    fitted = own.groupby("unit")[key].transform("mean")
    ms_between = ((fitted - y.mean()) ** 2).sum() / (len(n_j) - 1)
    ms_within = ((y - fitted) ** 2).sum() / (len(y) - len(n_j))
    n0 = (len(y) - (n_j**2).sum() / len(y)) / (len(n_j) - 1)
    icc1[key] = (ms_between - ms_within) / (ms_between + (n0 - 1) * ms_within)
    icc2[key] = 1 - ms_within / ms_between
complete = answers[dimension_items["empowerment"]].dropna()
unit = people["unit"][complete.index]
rwg = (1 - complete.groupby(unit).var().mean(axis=1) / 4)[unit.value_counts() >= 5]
"""

CELLS = """
own = people.assign(score=scores["empowerment"]).dropna(subset="score")
cells = {}
for function, rows in own.groupby("function"):
    means, n = rows.groupby("level")["score"].mean(), rows.groupby("level").size()
    n = n.reindex(["Staff", "Managers", "Executives"]).dropna().sort_values(kind="stable")
    hide, together = [], 0
    for level, count in n.items():
        if count < 5 or 0 < together < 5:
            hide, together = [*hide, level], together + count
    cells[function] = means.drop(hide)
cells = pd.DataFrame(cells).T.reindex(columns=["Staff", "Managers", "Executives"])
"""

GAPS = """
rows = {}
for key in dimension_items:
    a, b = (scores.loc[who, key].dropna().to_numpy() for who in (people["leader"], ~people["leader"]))
    n1, n2 = len(a), len(b)
    pooled = np.sqrt((((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / (n1 + n2 - 2))
    g = (a.mean() - b.mean()) / pooled * (1 - 3 / (4 * (n1 + n2) - 9))
    half = 2.734 * np.sqrt(1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2)))
    rows[key] = [a.mean() - b.mean(), g, g - half, g + half]
gaps = pd.DataFrame.from_dict(rows, orient="index", columns=["gap", "g", "low", "high"])
"""

ORGANISATIONS = """
y = person[discipline][(member_of != organisation) & person[discipline].notna()]
y = y[y.groupby(member_of).transform("size") >= 5]
n_j, k = y.groupby(member_of).size(), y.groupby(member_of).ngroups
fitted = y.groupby(member_of).transform("mean")
ms_between, ms_within = ((fitted - y.mean()) ** 2).sum() / (k - 1), ((y - fitted) ** 2).sum() / (len(y) - k)
n0 = (len(y) - (n_j**2).sum() / len(y)) / (k - 1)
size = {size}
icc1 = (ms_between - ms_within) / (ms_between + (size - 1) * ms_within)
true_sd = max((ms_between - ms_within) / size, 0) ** 0.5
"""
"""Of the variance between organisations; `size` is n0 or the mean size, in both of its uses."""

PERCENTILE = """
own = survey.scores().loc[(member_of == organisation).to_numpy(), discipline].mean()
percentile = stats.percentileofscore(norm_means, own, kind="mean")
b, k = percentile / 100 * len(norm_means), len(norm_means)
percentile_interval = [100 * stats.beta(b + 0.5, k - b + 0.5).ppf(q) for q in (0.025, 0.975)]
"""

TENTH = """
p_top_tenth = stats.norm.sf(mu + 1.28 * tau, shrunken_of_kit, tau * (1 - reliability_of_kit) ** 0.5)
own = survey.subset(organisation=organisation)
table = cx.percentile_benchmark(own, norm, seed=seed).frame
p_top_tenth_of_kit = table.loc[table["dimension"] == discipline, "p_top_tenth"].item()
"""

RECOMMENDATION = """
e = raw.query("organisation == @organisation")["ENPS"].dropna()
coded = np.select([e >= 9, e <= 6], [1.0, -1.0], 0.0)
enps = 100 * coded.mean()
both = np.array([(coded == 1).sum() + 0.75, (coded == -1).sum() + 0.75]) / (len(coded) + 3)
centre, half = both[0] - both[1], 1.96 * ((both.sum() - (both[0] - both[1]) ** 2) / (len(coded) + 3)) ** 0.5
enps_interval = {"low": 100 * (centre - half), "high": 100 * (centre + half)}
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
    "organisational-gaps": {
        "agreement": {"n0 in place of the mean size": (ICC_OF_UNITS, 9)},
        "gaps": {"sums of squares, and 2.734 typed in": (GAPS, 8)},
        "cells": {"function by function, empty cells left out": (CELLS, 8)},
    },
    "benchmark-organisation": {
        "variance": {
            "n0 in both places": (ORGANISATIONS.replace("{size}", "n0"), 8),
            "the mean size in both places": (ORGANISATIONS.replace("{size}", "len(y) / k"), 8),
        },
        "percentile": {"percentileofscore, own mean worked out anew": (PERCENTILE, 5)},
        "top-tenth": {"1.28 typed in": (TENTH, 4)},
        "recommendation": {"coded as 1, 0, -1 and 1.96": (RECOMMENDATION, 5)},
    },
}
