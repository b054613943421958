"""How many factors are there, and which items belong to which?"""
