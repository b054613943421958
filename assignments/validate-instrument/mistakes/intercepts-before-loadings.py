its = dimension_items["empowerment"]
data = survey.answers[its].assign(level=survey.respondents["level"].astype(str)).dropna()
data = data[data["level"].isin(["Staff", "Managers"])]
model = f"empowerment =~ {' + '.join(its)}"
steps = {"configural": (), "metric": ("intercepts",), "scalar": ("loadings", "intercepts")}
rows = {}
for step, equal in steps.items():
    measures = sem.cfa(model, data, estimator="MLR", group="level", equal=equal).measures
    rows[step] = {"df": measures["df"], "cfi": measures["cfi.robust"], "rmsea": measures["rmsea.robust"]}
ladder = pd.DataFrame(rows).T
fall_in_cfi = -ladder["cfi"].diff().drop("configural")
