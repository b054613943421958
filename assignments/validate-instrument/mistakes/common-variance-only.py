parallel = cx.parallel_analysis(survey, seed=seed)
n_factors = parallel.n_factors
excess = pd.Series((parallel.frame["observed"] - parallel.frame["random"]).to_numpy()[:9], index=range(1, 10))
