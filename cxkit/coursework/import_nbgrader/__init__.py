"""Coming from nbgrader: its cells, tests and folders become an assignment, and a list of what is left."""
