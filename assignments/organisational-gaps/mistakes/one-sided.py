n1, n2 = people["leader"].sum(), (~people["leader"]).sum()
root = np.sqrt(1 / n1 + 1 / n2)
detectable = (stats.norm.ppf(1 - 0.05) + stats.norm.ppf(0.80)) * root
detectable_eight = (stats.norm.ppf(1 - 0.05 / 8) + stats.norm.ppf(0.80)) * root
