border = mu + stats.norm.ppf(0.9) * tau
p_top_tenth = float(own_mean_of_kit > norm_means.quantile(0.9))
benchmark = cx.percentile_benchmark(survey.subset(organisation=organisation), norm, seed=seed)
p_top_tenth_of_kit = benchmark.frame.set_index("dimension")["p_top_tenth"][discipline]
