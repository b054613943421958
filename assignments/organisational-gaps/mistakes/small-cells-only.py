levels = ["Staff", "Managers", "Executives"]
own = pd.DataFrame({"score": scores["empowerment"], "function": people["function"], "level": people["level"]}).dropna()
groups = own.groupby(["function", "level"])["score"]
counts = groups.size().unstack(fill_value=0).reindex(columns=levels, fill_value=0)
hidden = (counts > 0) & (counts < 5)
cells = groups.mean().unstack().reindex(columns=levels).mask(hidden)
