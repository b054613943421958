"""Marks from outside: student code leaves data, and all judging happens where no student code runs."""
