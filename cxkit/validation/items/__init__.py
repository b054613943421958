"""Which items do what they should?"""
