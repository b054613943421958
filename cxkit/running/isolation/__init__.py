"""Running a notebook of a stranger: its client, how the run ends, what it left, and trials of the sandbox."""
