"""Marks as plain data, and the folder that keeps them."""
