x = np.column_stack([np.ones(len(units)), disciplines.to_numpy()])
y = units["rating"].to_numpy()
hat = x @ np.linalg.pinv(x)
residuals = y - hat @ y
total = ((y - y.mean()) ** 2).sum()
r2_in_sample = 1 - (residuals**2).sum() / total
r2_cross_validated = 1 - (residuals**2).sum() / total
