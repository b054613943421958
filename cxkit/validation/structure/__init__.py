"""Does the structure that the authors intended fit the answers?"""
