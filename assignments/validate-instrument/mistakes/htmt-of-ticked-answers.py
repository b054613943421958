correlations = survey.given[[item for its in dimension_items.values() for item in its]].dropna().corr()
keys = list(dimension_items)
within = {}
for key, its in dimension_items.items():
    block = correlations.loc[its, its].to_numpy()
    within[key] = block[np.triu_indices(len(its), 1)].mean()
htmt = pd.DataFrame(1.0, index=keys, columns=keys)
for a in keys:
    for b in keys:
        if a != b:
            between = correlations.loc[dimension_items[a], dimension_items[b]].to_numpy().mean()
            htmt.loc[a, b] = between / np.sqrt(within[a] * within[b])
ratios = htmt.where(np.triu(np.ones(htmt.shape, dtype=bool), 1)).stack()
closest = "+".join(sorted(ratios.idxmax()))
