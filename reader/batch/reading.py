"""Reading one picture of a batch: whatever is in the file, a line comes out."""

from __future__ import annotations

import hashlib
import importlib
import json
import traceback
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, cast

from reader.batch.known import Find, nothing
from reader.batch.listing import path_below
from reader.batch.parts import Line
from reader.batch.places import check_pictures, picture_bytes
from reader.batch.stores import is_address
from reader.errors import InputError, LfaError, StoreError, WorkerOutOfMemory
from reader.interpret import Assay
from reader.pipeline import read_bytes
from reader.reading import json_line

__all__ = ["BUG", "DOCUMENT", "PictureReader", "document_of", "failure"]

BUG: Final = "bug"
DOCUMENT: Final = "reader.batch.reading:document_of"
"""Where the function is that reads the bytes of a picture, for a process that loads it by name."""
_REMEMBERED: Final = 1000  # lines of some kB each: of copies that lie side by side, no part tells yet


def document_of(data: bytes, source: str, assay: Assay) -> dict[str, Any]:
    """Read a picture, and return the contract document.

    Raises
    ------
    InputError
        If the bytes are no picture.
    """
    return read_bytes(data, assay=assay, source=source).to_dict()


class PictureReader:
    """Reads pictures below a folder; bytes that are known are not read again.

    Parameters
    ----------
    root : str
        The folder.
    assay : Assay
        The kit.
    function : str, default `DOCUMENT`
        ``module:name`` of what reads the bytes of a picture.
    find : callable, optional
        Returns the line of a picture with the same bytes, if the run has one; without it, only the last
        thousand that were read here are known.

    Raises
    ------
    StoreError
        If the store of the pictures does not answer, or refuses.
    """

    def __init__(self, root: str, assay: Assay, function: str = DOCUMENT, find: Find = nothing) -> None:
        module, _, name = function.partition(":")
        self._document = cast(
            "Callable[[bytes, str, Assay], dict[str, Any]]", getattr(importlib.import_module(module), name)
        )
        self._root = root
        if is_address(root):
            check_pictures(root)  # connects: what that takes is not to be counted as a picture's
        self._assay = assay
        self._find = find
        self._known: OrderedDict[str, bytes] = OrderedDict()

    def line(self, name: str) -> Line:
        """Read the picture with this address.

        Raises
        ------
        MemoryError
            If there is too little memory: what that means is decided outside.
        StoreError
            If the store of the pictures does not answer, or refuses: no picture is to blame.
        """
        digest = None
        try:
            data = picture_bytes(self._root, name)
            digest = hashlib.sha256(data).hexdigest()
            document = self._remembered(digest) or self._document(data, name, self._assay)
            text = json_line({"path": name, "sha256": digest, "reading": document | {"source": name}})
            self._remember(digest, text)
            return Line(text, document["outcome"], failed=False)
        except WorkerOutOfMemory as error:
            raise MemoryError from error
        except InputError as error:
            return failure(name, digest, error.code, self._without_path(name, error), error.advice)
        except (MemoryError, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - one picture's bug must not lose the others' results
            return failure(name, digest, BUG, f"This is a bug: {_where(error)}.", LfaError.advice)

    def _remembered(self, digest: str) -> dict[str, Any] | None:
        text = self._known.get(digest) or self._find(digest)
        return None if text is None else cast("dict[str, Any]", json.loads(text)["reading"])

    def _remember(self, digest: str, text: bytes) -> None:
        self._known[digest] = text
        self._known.move_to_end(digest)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _without_path(self, name: str, error: InputError) -> str:
        """Return what an error says without the place where the pictures lie, which may change."""
        message = error.message.removeprefix(f"{path_below(self._root, name)}: ")
        return message.removeprefix(f"{name}: ").replace(path_below(self._root, name), name)


def failure(name: str, digest: str | None, code: str, message: str, advice: str) -> Line:
    """Return the line of a picture that could not be read."""
    error = {"code": code, "message": message, "advice": advice}
    return Line(json_line({"path": name, "sha256": digest, "error": error}), code, failed=True)


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"
