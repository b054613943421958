"""The model as text: its words, statements, formulas and the table of its parameters."""
