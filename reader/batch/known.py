"""What is known already: bytes that were read under another name of the run are not read again."""

from __future__ import annotations

import contextlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from reader.batch.parts import part_path
from reader.batch.places import Place

__all__ = ["Find", "Known", "nothing"]

Find = Callable[[str], bytes | None]
"""Given a digest (SHA-256, hexadecimal), returns the line of a picture with these bytes that was read."""

_MOST: Final = 1_000_000
"""Pictures, of about 110 bytes each: the leading process of a run of any size stays below 250 MB."""
_READ: Final = re.compile(rb'"sha256":"([0-9a-f]{64})","reading":')


def nothing(_digest: str) -> None:
    """Know of no picture."""


class Known:
    """Where the lines of pictures stand that were read in this run; of a million at most, the last ones.

    Parameters
    ----------
    run : Place
        Run folder, with the parts from which lines are taken.
    most : int, default one million
        How many pictures are remembered.
    """

    def __init__(self, run: Place, most: int = _MOST) -> None:
        self._run = run
        self._most = most
        self._parts: OrderedDict[int, int] = OrderedDict()

    def learn(self, number: int, texts: Iterable[bytes]) -> None:
        """Remember what was read in a part.

        Parameters
        ----------
        number : int
            Of the part.
        texts : iterable of bytes
            Its pictures' lines.
        """
        # Quotes within a JSON string are escaped: only the line's own fields can look like this.
        for text in texts:
            found = _READ.search(text)
            if found is not None:
                self._parts.setdefault(_short(found[1].decode()), number)
        while len(self._parts) > self._most:
            self._parts.popitem(last=False)

    def find(self, digest: str) -> bytes | None:
        """Return the line of a picture with these bytes, None where there is none that is known."""
        number = self._parts.get(_short(digest))
        if number is None:
            return None
        mark = f'"sha256":"{digest}","reading":'.encode()
        return next((text for text in self._texts(number) if mark in text), None)

    def _texts(self, number: int) -> list[bytes]:
        with contextlib.suppress(OSError):  # it is of no matter: the picture is read again
            return part_path(self._run, number).read_bytes().split(b"\n")
        return []


def _short(digest: str) -> int:
    """Return enough of a digest to sort out nearly all that nothing else can equal."""
    return int(digest[:16], 16)
