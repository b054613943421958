r = units["culture"].corr(units["rating"])
spread = stats.norm.ppf(0.975) / np.sqrt(len(units) - 3)
r_interval = pd.Series(np.tanh([np.arctanh(r) - spread, np.arctanh(r) + spread]), index=["low", "high"])
ratings = customers.loc[customers["branch"].isin(units.index)].groupby("branch")["rating"]
n_j = ratings.size()
all_ratings = customers.loc[customers["branch"].isin(units.index), "rating"]
ms_between = (n_j * (ratings.mean() - all_ratings.mean()) ** 2).sum() / (len(n_j) - 1)
ms_within = ((n_j - 1) * ratings.var()).sum() / (n_j.sum() - len(n_j))
icc2_rating = (ms_between - ms_within) / ms_between
r_disattenuated = r / np.sqrt(icc2_of_kit)
