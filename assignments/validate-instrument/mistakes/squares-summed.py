omega = {}
for key, its in dimension_items.items():
    fit = sem.cfa(f"f =~ {' + '.join(its)}", survey.answers[its].dropna(), std_lv=True)
    estimates = fit.estimates
    common = (estimates.loc[estimates["op"] == "=~", "est"] ** 2).sum()
    errors = estimates.loc[(estimates["op"] == "~~") & (estimates["lhs"] != "f"), "est"].sum()
    omega[key] = common / (common + errors)
omega = pd.Series(omega)
