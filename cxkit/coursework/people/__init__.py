"""Who is in the class: rosters, and the tables of learning systems."""
