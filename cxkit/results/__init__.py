"""What every analysis returns, and how it is said, shown and saved."""
