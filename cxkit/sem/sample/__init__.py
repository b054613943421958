"""What was answered, as moments: means, covariances, missing patterns, and tests that are kept with them."""
