answers = raw.loc[raw["organisation"] == organisation, "ENPS"].dropna()
promoters, detractors = (answers >= 9).sum(), (answers <= 6).sum()
enps = 100 * (promoters - detractors) / len(answers)
n = len(answers) + 3
p, d = (promoters + 0.75) / n, (detractors + 0.75) / n
half = stats.norm.ppf(0.975) * np.sqrt(p * (1 - p) / n)
enps_interval = pd.Series({"low": 100 * (p - d - half), "high": 100 * (p - d + half)})
