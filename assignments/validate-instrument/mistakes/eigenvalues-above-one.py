n_factors = int((eigenvalues > 1).sum())
random_eigenvalues = pd.Series(
    cx.parallel_analysis(survey, seed=seed).frame["random"].to_numpy()[:8], index=range(1, 9)
)
