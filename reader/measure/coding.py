"""How the file holds what a patch shows."""

from __future__ import annotations

from dataclasses import dataclass

from reader.geometry import Window
from reader.steps import Steps

__all__ = ["Coding"]


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """The steps of a JPEG, and the window that is looked at, in its pixels."""

    steps: Steps
    window: Window
