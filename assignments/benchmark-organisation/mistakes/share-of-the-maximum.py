below = (norm_means < own_mean_of_kit).sum() + (norm_means == own_mean_of_kit).sum() / 2
percentile = 100 * own_mean_of_kit / 7
interval = stats.beta.ppf([0.025, 0.975], below + 0.5, len(norm_means) - below + 0.5)
percentile_interval = pd.Series(100 * interval, index=["low", "high"])
