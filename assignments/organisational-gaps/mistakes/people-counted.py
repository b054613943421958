levels = ["Staff", "Managers", "Executives"]
own = pd.DataFrame({"score": scores["empowerment"], "function": people["function"], "level": people["level"]}).dropna()
groups = own.groupby(["function", "level"])["score"]
counts = people.groupby(["function", "level"]).size().unstack(fill_value=0).reindex(columns=levels, fill_value=0)
hidden = (counts > 0) & (counts < 5)
for function in counts.index:
    row, mask = counts.loc[function], hidden.loc[function].copy()
    while 0 < row[mask].sum() < 5 and (row[~mask] > 0).any():
        mask[row[~mask & (row > 0)].idxmin()] = True
    hidden.loc[function] = mask
cells = groups.mean().unstack().reindex(columns=levels).mask(hidden)
