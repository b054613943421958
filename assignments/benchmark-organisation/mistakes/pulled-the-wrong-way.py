own_n = person.loc[member_of == organisation, discipline].count()
reliability = tau**2 / (tau**2 + sigma**2 / own_n)
shrunken = own_mean_of_kit + reliability * (mu - own_mean_of_kit)
likely_percentile = 100 * stats.norm.cdf((shrunken - mu) / tau)
