"""Which share of a score is not error?"""
