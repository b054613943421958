scores = survey.scores()[discipline].dropna()
sizes = scores.groupby(branch_of).size()
enough = sizes.index[sizes >= 5]
scores = scores[branch_of.isin(enough)]
groups = scores.groupby(branch_of)
n, k = len(scores), len(enough)
n_j, means, variances = groups.size(), groups.mean(), groups.var()
ms_between = (n_j * (means - scores.mean()) ** 2).sum() / (k - 1)
ms_within = ((n_j - 1) * variances).sum() / (n - k)
icc1 = (ms_between - ms_within) / (ms_between + (n / k - 1) * ms_within)
icc2 = icc1
items = survey.answers[dimension_items[discipline]]
rwg = 1 - items[branch_of.isin(enough)].groupby(branch_of).var().mean(axis=1) / 4
may_aggregate = "yes" if icc2 >= 0.70 and rwg.median() >= 0.50 else "no"
