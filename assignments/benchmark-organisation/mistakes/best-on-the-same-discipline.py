overall = person.mean(axis=1)[member_of != organisation].groupby(member_of).mean()[norm_means.index]
best = norm_means[norm_means >= norm_means.quantile(0.75)]
gap_to_all = own_mean_of_kit - norm_means.mean()
gap_to_best = own_mean_of_kit - best.mean()
