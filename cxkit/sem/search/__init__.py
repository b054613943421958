"""The search: models, discrepancy functions, starting values, and the way to the best parameters."""
