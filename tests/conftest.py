"""What holds for all tests.

Property tests have no time limit of their own: speed is not tested here. They try the same examples at
every run, so that a change is judged by what it changed; ``--hypothesis-profile=search`` looks for new ones.
"""

from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("fixed")
