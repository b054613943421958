"""Notebooks as files: reading, parameters, tidying, and what a failed cell says."""
