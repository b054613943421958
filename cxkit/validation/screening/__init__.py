"""Did people answer with care, and what is missing?"""
