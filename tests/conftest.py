"""What holds for all tests: property tests have no time limit of their own; speed is not tested here."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
