"""How well a model fits: the baseline model, fit measures and their corrections."""
