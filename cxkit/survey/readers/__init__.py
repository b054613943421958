"""What each survey system writes: one module a system, each with the signs by which its files are known."""
