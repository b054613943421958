omega = {}
for key, its in dimension_items.items():
    fit = sem.cfa(f"f =~ {' + '.join(its)}", survey.answers[its].dropna(), std_lv=True)
    estimates = fit.estimates
    loadings = estimates.loc[estimates["op"] == "=~", "est"].sum()
    errors = estimates.loc[(estimates["op"] == "~~") & (estimates["lhs"] != "f"), "est"].sum()
    omega[key] = loadings**2 / (loadings**2 + errors)
omega = pd.Series(omega)
omega_general = cx.hierarchical_omega(survey).frame["omega_total"].iloc[0]
total_is_justified = "yes" if omega_general >= 0.75 else "no"
