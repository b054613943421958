"""What is computed from a fitted model: comparison, modification, scores, reliability, bootstrap, diagram."""
