p_equivalence, reading = {}, {}
for key in dimension_items:
    own = scores[key].dropna()
    a, b = own[people["leader"]], own[~people["leader"]]
    lower = stats.ttest_ind(a + smallest_effect, b, equal_var=False, alternative="greater").pvalue
    upper = stats.ttest_ind(a - smallest_effect, b, equal_var=False, alternative="less").pvalue
    p_equivalence[key] = max(lower, upper)
    different = stats.ttest_ind(a, b, equal_var=False).pvalue < 0.05
    same = p_equivalence[key] < 0.05
    reading[key] = "gap" if different else "no gap that matters" if same else "cannot tell"
p_equivalence, reading = pd.Series(p_equivalence), pd.Series(reading)
