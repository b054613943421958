"""Ordered answers: thresholds, polychoric correlations and their covariance."""
