norm_means = person[discipline][member_of != organisation].dropna()
own_mean = person.loc[member_of == organisation, discipline].mean()
below = (norm_means < own_mean).sum() + (norm_means == own_mean).sum() / 2
percentile = 100 * below / len(norm_means)
interval = stats.beta.ppf([0.025, 0.975], below + 0.5, len(norm_means) - below + 0.5)
percentile_interval = pd.Series(100 * interval, index=["low", "high"])
