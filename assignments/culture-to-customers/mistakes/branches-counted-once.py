quarters = {
    "top": units.index[units["culture"] >= units["culture"].quantile(0.75)],
    "bottom": units.index[units["culture"] <= units["culture"].quantile(0.25)],
}
shares = {name: units.loc[chosen, "retention"] for name, chosen in quarters.items()}
retained = pd.Series({name: share.mean() for name, share in shares.items()})
half = pd.Series({name: stats.t.ppf(0.975, len(share) - 1) * share.sem() for name, share in shares.items()})
retained_interval = pd.DataFrame({"low": retained - half, "high": retained + half})
kendall = stats.kendalltau(units["culture"], units["retention"]).statistic
