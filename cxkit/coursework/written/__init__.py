"""How do people mark written answers?"""
