alpha = {}
item_rest = {}
for key, its in dimension_items.items():
    complete = survey.answers[its].dropna()
    k = len(its)
    r = complete.corr().to_numpy()[np.triu_indices(k, 1)].mean()
    alpha[key] = k * r / (1 + (k - 1) * r)
    for item in its:
        item_rest[item] = complete[item].corr(complete.drop(columns=item).mean(axis=1))
alpha = pd.Series(alpha)
item_rest = pd.Series(item_rest)
