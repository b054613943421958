icc1, icc2 = {}, {}
for key in dimension_items:
    data = pd.DataFrame({"score": scores[key], "unit": people["unit"]}).dropna()
    groups = data.groupby("unit")["score"]
    n, units = len(data), groups.ngroups
    between = (groups.size() * (groups.mean() - data["score"].mean()) ** 2).sum() / (units - 1)
    within = ((data["score"] - groups.transform("mean")) ** 2).sum() / (n - units)
    k = n / units
    icc1[key] = (between - within) / (between + (k - 1) * within)
    icc2[key] = (between - within) / between
icc1, icc2 = pd.Series(icc1), pd.Series(icc2)
complete = answers[dimension_items["empowerment"]].dropna()
by_unit = complete.groupby(people.loc[complete.index, "unit"])
large = by_unit.size()[by_unit.size() >= 5].index
rwg = 1 - by_unit.var().loc[large].mean(axis=1) / np.var(np.arange(1, 8), ddof=1)
