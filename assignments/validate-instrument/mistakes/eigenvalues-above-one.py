parallel = cx.parallel_analysis(survey, method="components", seed=seed)
n_factors = int((parallel.frame["observed"] > 1).sum())
excess = pd.Series((parallel.frame["observed"] - parallel.frame["random"]).to_numpy()[:9], index=range(1, 10))
