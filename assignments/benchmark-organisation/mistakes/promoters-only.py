answers = raw.loc[raw["organisation"] == organisation, "ENPS"].dropna()
promoters, detractors = (answers >= 9).mean(), (answers <= 6).mean()
enps = 100 * promoters
half = 100 * stats.norm.ppf(0.975) * np.sqrt((promoters + detractors - (promoters - detractors) ** 2) / len(answers))
enps_interval = pd.Series({"low": enps - half, "high": enps + half})
