alpha = {}
item_rest = {}
for key, its in dimension_items.items():
    complete = survey.given[its].dropna()
    k = len(its)
    alpha[key] = k / (k - 1) * (1 - complete.var().sum() / complete.sum(axis=1).var())
    for item in its:
        item_rest[item] = complete[item].corr(complete.drop(columns=item).mean(axis=1))
alpha = pd.Series(alpha)
item_rest = pd.Series(item_rest)
