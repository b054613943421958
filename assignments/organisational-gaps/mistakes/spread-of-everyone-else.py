rows, z = {}, stats.norm.ppf(1 - 0.05 / 8 / 2)
for key in dimension_items:
    own = scores[key].dropna()
    a, b = own[people["leader"]], own[~people["leader"]]
    n1, n2 = len(a), len(b)
    pooled = b.std()
    gap = a.mean() - b.mean()
    g = gap / pooled * (1 - 3 / (4 * (n1 + n2 - 2) - 1))
    se = np.sqrt((n1 + n2) / (n1 * n2) + g**2 / (2 * (n1 + n2)))
    rows[key] = {"gap": gap, "g": g, "low": g - z * se, "high": g + z * se}
gaps = pd.DataFrame(rows).T
