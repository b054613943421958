"""Do the dimensions measure what they claim, and each something of its own?"""
