"""Line numbers for the keys of a TOML document, which the standard parser does not give.

The scanner takes text that ``tomllib`` has accepted and only has to find its way through it, so it
checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["KeyPath", "key_lines", "line_of"]

KeyPath = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    r"""Find the line on which each key, table and array element of a TOML document starts.

    Parameters
    ----------
    text : str
        A valid TOML document.

    Returns
    -------
    dict
        Path of keys and indices to line number, the first line being 1. The empty path is line 1; an
        array of tables is found both as a whole and element by element.

    Examples
    --------
    >>> key_lines("a = 1\n[[b]]\nc = [2,\n 3]")[("b", 0, "c", 1)]
    4
    """
    return _Scanner(text).document()


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """Return the line of a path, or that of the closest table around it.

    Examples
    --------
    >>> line_of({(): 1, ("lines", 0): 7}, ("lines", 0, "position"))
    7
    """
    while path not in lines:
        path = path[:-1]
    return lines[path]


class _Scanner:
    """One pass over the text; its state is the place reached and the paths found so far."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[KeyPath, int] = {(): 1}
        self.tables: dict[KeyPath, int] = {}

    def document(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_SPACE)
        while self.at < len(self.text):
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_SPACE)
        return self.lines

    def _header(self) -> KeyPath:
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self._keys()
        self.at += 2 if array else 1
        path: KeyPath = ()
        for key in keys:
            path = self._element((*path, key))
        if array:
            path = path[:-1] if isinstance(path[-1], int) else path
            self._note(path, start)
            self.tables[path] = self.tables.get(path, -1) + 1
            path = (*path, self.tables[path])
        self._note(path, start)
        return path

    def _element(self, path: KeyPath) -> KeyPath:
        """Inside an array of tables, a header means the table that was opened last."""
        return (*path, self.tables[path]) if path in self.tables else path

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self.at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _keys(self) -> tuple[str, ...]:
        keys = []
        while True:
            self._skip(_BLANK)
            if self._peek() in {'"', "'"}:
                keys.append(self._take(_STRING)[1:-1])
            else:
                keys.append(self._take(_BARE_KEY))
            self._skip(_BLANK)
            if self._peek() != ".":
                return tuple(keys)
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        opening = self._peek()
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        elif opening in {'"', "'"}:
            self._take(_STRING)
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._next_inside() != "]":
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._next_inside() != "}":
            self._pair(path)
        self.at += 1

    def _next_inside(self) -> str:
        self._skip(_SPACE)
        if self._peek() == ",":
            self.at += 1
            self._skip(_SPACE)
        return self._peek()

    def _note(self, path: KeyPath, at: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, at) + 1)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"unexpected character {self._peek()!r} at {self.at}")
        self.at = match.end()
        return match.group()
