"""What was asked, what was answered, and who may see it."""
