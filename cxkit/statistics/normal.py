"""Points of the standard normal distribution."""

Z_95 = 1.959963984540054
"""Its 97.5 % point: an interval of so many standard errors on either side holds 95 %."""
