largest = np.sort(np.linalg.eigvalsh(survey.answers.cov().to_numpy()))[::-1]
eigenvalues = pd.Series(largest[:12], index=range(1, 13))
