groups = person[discipline].dropna().groupby(member_of)
sizes = groups.size()
kept = sizes.index[sizes >= 5]
sizes, means, variances = sizes[kept], groups.mean()[kept], groups.var()[kept]
k, total = len(sizes), sizes.sum()
grand = (sizes * means).sum() / total
ms_between = (sizes * (means - grand) ** 2).sum() / (k - 1)
ms_within = ((sizes - 1) * variances).sum() / (total - k)
n0 = (total - (sizes**2).sum() / total) / (k - 1)
icc1 = (ms_between - ms_within) / (ms_between + (total / k - 1) * ms_within)
true_sd = np.sqrt(max((ms_between - ms_within) / n0, 0))
