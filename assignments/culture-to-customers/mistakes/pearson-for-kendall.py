z = stats.norm.ppf(0.975)
rows = {}
for name, chosen in {
    "top": units.index[units["culture"] >= units["culture"].quantile(0.75)],
    "bottom": units.index[units["culture"] <= units["culture"].quantile(0.25)],
}.items():
    kept = customers.loc[customers["branch"].isin(chosen), "retained"] == "yes"
    share, count = kept.mean(), len(kept)
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    rows[name] = {"share": share, "low": centre - half, "high": centre + half}
wilson = pd.DataFrame(rows).T
kendall = units["culture"].corr(units["retention"])
