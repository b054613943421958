"""How sure the estimates are: their covariance, and standardised values."""
