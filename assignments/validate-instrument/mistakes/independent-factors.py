eight = "\n".join(f"{key} =~ {' + '.join(its)}" for key, its in dimension_items.items())
one = "culture =~ " + " + ".join(item for its in dimension_items.values() for item in its)
complete = survey.answers.dropna()
keys = list(dimension_items)
eight += "\n" + "\n".join(f"{a} ~~ 0*{b}" for i, a in enumerate(keys) for b in keys[i + 1 :])
fits = {name: sem.cfa(model, complete, estimator="MLR") for name, model in {"eight": eight, "one": one}.items()}
measures = {"df": "df", "cfi": "cfi.robust", "rmsea": "rmsea.robust", "srmr": "srmr"}
fit = pd.DataFrame({name: {m: f.measures[long] for m, long in measures.items()} for name, f in fits.items()}).T
estimates = fits["eight"].estimates
weakest_loading = estimates.loc[estimates["op"] == "=~", "std_all"].min()
