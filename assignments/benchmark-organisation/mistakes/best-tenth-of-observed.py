border = norm_means.quantile(0.9)
p_top_tenth = 1 - stats.norm.cdf((border - shrunken_of_kit) / (tau * np.sqrt(1 - reliability_of_kit)))
benchmark = cx.percentile_benchmark(survey.subset(organisation=organisation), norm, seed=seed)
p_top_tenth_of_kit = benchmark.frame.set_index("dimension")["p_top_tenth"][discipline]
