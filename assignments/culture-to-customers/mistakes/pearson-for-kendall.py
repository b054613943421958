quarters = {
    "top": units.index[units["culture"] >= units["culture"].quantile(0.75)],
    "bottom": units.index[units["culture"] <= units["culture"].quantile(0.25)],
}
retained, intervals = {}, {}
for name, chosen in quarters.items():
    kept = by_branch["kept"]
    n_j, y_j, k = kept.size()[chosen], kept.sum()[chosen], len(chosen)
    p = y_j.sum() / n_j.sum()
    v = k / (k - 1) * ((y_j - p * n_j) ** 2).sum() / n_j.sum() ** 2
    half = stats.t.ppf(0.975, k - 1) * np.sqrt(v)
    retained[name] = p
    intervals[name] = {"low": p - half, "high": p + half}
retained = pd.Series(retained)
retained_interval = pd.DataFrame(intervals).T
kendall = units["culture"].corr(units["retention"])
