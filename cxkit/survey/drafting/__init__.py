"""A first draft of an instrument from the file of its answers: what can be told, and what has to be asked."""
