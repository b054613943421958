"""What a report rests on, kept beside it, and whether it still comes out the same."""
