"""From a window that was found to a strip's reading: gather, name, measure, doubt, decide."""

from __future__ import annotations

from reader.strip.doubts import CALLS, without_patterns
from reader.strip.profile import profile_again
from reader.strip.read import read_strips

__all__ = ["CALLS", "profile_again", "read_strips", "without_patterns"]
