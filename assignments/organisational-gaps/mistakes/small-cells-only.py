levels = ["Staff", "Managers", "Executives"]
own = pd.DataFrame({"score": scores["empowerment"], "function": people["function"], "level": people["level"]}).dropna()
counts = own.pivot_table(index="function", columns="level", values="score", aggfunc="size", fill_value=0)
counts = counts.reindex(columns=levels, fill_value=0)
hidden = counts < 5
means = own.pivot_table(index="function", columns="level", values="score", aggfunc="mean").reindex(columns=levels)
cells = means.mask(hidden)
