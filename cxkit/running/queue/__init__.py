"""Many runs: reports, batches, clusters."""
