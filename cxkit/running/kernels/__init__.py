"""How a kernel comes to be: forked in a blink from a template with its imports done, or the ordinary way."""
