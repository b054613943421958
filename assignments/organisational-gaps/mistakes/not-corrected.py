functions = sorted(people["function"].unique())
p = pd.DataFrame(index=functions, columns=list(dimension_items), dtype=float)
for function in functions:
    for key in dimension_items:
        own = scores[key].dropna()
        inside = people.loc[own.index, "function"] == function
        p.loc[function, key] = stats.ttest_ind(own[inside], own[~inside], equal_var=False).pvalue
p_holm = p.copy()
