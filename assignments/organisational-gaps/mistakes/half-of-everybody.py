n1 = n2 = len(people) / 2
root = np.sqrt(1 / n1 + 1 / n2)
detectable = (stats.norm.ppf(1 - 0.05 / 2) + stats.norm.ppf(0.80)) * root
detectable_eight = (stats.norm.ppf(1 - 0.05 / 8 / 2) + stats.norm.ppf(0.80)) * root
