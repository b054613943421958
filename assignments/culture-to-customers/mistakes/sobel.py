fit = sem.sem("rating ~ a*culture\nretention ~ b*rating + culture", standardised)
table = fit.estimates[fit.estimates["op"] == "~"].reset_index(drop=True)
paths = pd.Series(table["est"].to_numpy(), index=["a", "b", "direct"])
errors = pd.Series(table["se"].to_numpy(), index=["a", "b", "direct"])
indirect = paths["a"] * paths["b"]
draws = np.random.default_rng(seed)
products = draws.normal(paths["a"], errors["a"], 2_000_000) * draws.normal(paths["b"], errors["b"], 2_000_000)
sobel = np.sqrt(paths["a"] ** 2 * errors["b"] ** 2 + paths["b"] ** 2 * errors["a"] ** 2)
indirect_interval = pd.Series([indirect - 1.96 * sobel, indirect + 1.96 * sobel], index=["low", "high"])
