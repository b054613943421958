complete = survey.answers.dropna()
largest = np.sort(np.linalg.eigvalsh(complete.corr().to_numpy()))[::-1]
eigenvalues = pd.Series(largest[:12], index=range(1, 13))
