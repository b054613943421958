fit = sem.sem("rating ~ a*culture\nretention ~ b*rating", standardised)
table = fit.estimates[fit.estimates["op"] == "~"].reset_index(drop=True)
paths = pd.Series([*table["est"], 0.0], index=["a", "b", "direct"])
errors = pd.Series([*table["se"], 0.0], index=["a", "b", "direct"])
indirect = paths["a"] * paths["b"]
draws = np.random.default_rng(seed)
products = draws.normal(paths["a"], errors["a"], 2_000_000) * draws.normal(paths["b"], errors["b"], 2_000_000)
indirect_interval = pd.Series(np.quantile(products, [0.025, 0.975]), index=["low", "high"])
