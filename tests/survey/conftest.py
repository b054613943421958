"""Property tests try the same examples every time, and never fail because the machine is busy."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
