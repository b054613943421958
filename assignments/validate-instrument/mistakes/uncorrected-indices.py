eight = "\n".join(f"{key} =~ {' + '.join(its)}" for key, its in dimension_items.items())
one = "culture =~ " + " + ".join(item for its in dimension_items.values() for item in its)
complete = survey.answers.dropna()
fits = {name: sem.cfa(model, complete, estimator="MLR") for name, model in {"eight": eight, "one": one}.items()}
fit = pd.DataFrame({name: f.measures[["df", "cfi", "rmsea", "srmr"]] for name, f in fits.items()}).T
estimates = fits["eight"].estimates
loadings = estimates[estimates["op"] == "=~"].set_index("rhs")["std_all"]
weakest_loading = loadings.min()
