complete = survey.answers.dropna()
scores = pd.DataFrame({key: complete[its].mean(axis=1) for key, its in dimension_items.items()})
htmt = scores.corr()
ratios = htmt.where(np.triu(np.ones(htmt.shape, dtype=bool), 1)).stack()
closest = "not looked for"
