z = stats.norm.ppf(0.975)
quarters = {
    "top": units.index[units["culture"] >= units["culture"].quantile(0.75)],
    "bottom": units.index[units["culture"] <= units["culture"].quantile(0.25)],
}
retained, intervals = {}, {}
for name, chosen in quarters.items():
    kept = customers.loc[customers["branch"].isin(chosen), "retained"] == "yes"
    share, count = kept.mean(), len(kept)
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    retained[name] = share
    intervals[name] = {"low": centre - half, "high": centre + half}
retained = pd.Series(retained)
retained_interval = pd.DataFrame(intervals).T
kendall = stats.kendalltau(units["culture"], units["retention"]).statistic
