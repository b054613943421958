person = pd.DataFrame(
    {key: survey.given[its].mean(axis=1).where(survey.answers[its].notna().sum(axis=1) >= len(its) / 2)
     for key, its in dimension_items.items()}
)
mine = person[member_of == organisation]
n_scored = mine.count()
own_means = mine.mean()
half = stats.t.ppf(0.975, n_scored - 1) * mine.std() / np.sqrt(n_scored)
own_interval = pd.DataFrame({"low": own_means - half, "high": own_means + half})
