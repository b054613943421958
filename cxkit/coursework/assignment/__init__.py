"""What an assignment asks: its format, its source, its data, and who was given which."""
