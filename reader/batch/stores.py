"""Folders in a store, such as S3, that fsspec reaches: what a run needs of them, and nothing else.

A store keeps whole objects: what is put there appears when all of it has arrived, or not at all. Whoever may
use it is told by the environment or the configuration that the store's own library reads, never by an
address. The library tries again what may pass; what still fails then is a `StoreError`, if it is the store
that does not answer, and else the error of one picture.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal
from urllib.parse import unquote_to_bytes

from reader.batch.listing import address, has_picture_name
from reader.errors import ExtraMissing, ImageTooLarge, OptionError, OutputError, SourceUnreadable, StoreError
from reader.photo import MAX_BYTES

__all__ = ["PATIENCE_S", "StorePath", "is_address", "store_path"]

PATIENCE_S: Final = 240.0
"""How long the longest wait for a picture and for a sign of life of its store may take together, s."""

_FETCH_S: Final = PATIENCE_S / 2  # for each of the two: 64 MB at 4 Mbit/s, or all tries of a library
_BLOCK: Final = 8 * 2**20  # bytes of a long object that are held at a time
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SECRET: Final = re.compile(r"(?<=//)[^/@\s]*@|\?\S*")  # user and password, or a query, in an address


def is_address(text: object) -> bool:
    r"""Tell whether a text names a place in a store, and not one on this machine.

    Examples
    --------
    >>> [is_address(text) for text in ("s3://bucket/a", r"C:\photos", "C:/photos", "s3:", "a b://c")]
    [True, False, False, False, False]
    """
    return isinstance(text, str) and _SCHEME.match(text) is not None


@dataclass(frozen=True, slots=True)
class StorePath:
    """A folder or an object in a store, used like a `pathlib.Path`.

    Attributes
    ----------
    files : Any
        The file system of fsspec.
    path : str
        As that has it, without the scheme.
    """

    files: Any
    path: str

    def __str__(self) -> str:
        return str(self.files.unstrip_protocol(self.path))

    def __truediv__(self, name: str) -> StorePath:
        return StorePath(self.files, f"{self.path}/{name}")

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """End of the name, from its last point on."""
        return Path(self.name).suffix

    def read_bytes(self) -> bytes:
        """Return an object's content.

        Raises
        ------
        FileNotFoundError
            If there is no such object.
        StoreError
            If the store does not answer, or refuses.
        """
        with self._asked():
            return bytes(self.files.cat_file(self.path))

    def open(self, _mode: Literal["rb"]) -> io.BufferedReader:
        """Read an object piece by piece; raises as `read_bytes`."""
        with self._asked():
            size = int(self.files.info(self.path)["size"])
        return io.BufferedReader(_Blocks(self, size), _BLOCK)

    def block(self, start: int, end: int) -> bytes:
        """Return a part of an object; raises as `read_bytes`."""
        with self._asked():
            return bytes(self.files.cat_file(self.path, start=start, end=end))

    def exists(self) -> bool:
        """Tell whether there is such an object; raises as `read_bytes`."""
        try:
            with self._asked():
                self.files.info(self.path)
        except FileNotFoundError:
            return False
        return True

    def iterdir(self) -> Iterator[StorePath]:
        """Return what lies in a folder; raises as `read_bytes`."""
        with self._asked():
            names = sorted(self.files.ls(self.path, detail=False))
        return (StorePath(self.files, name.rstrip("/")) for name in names if name.rstrip("/") != self.path)

    def unlink(self, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - as pathlib has it
        """Remove an object."""
        try:
            with self._asked():
                self.files.rm_file(self.path)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def write_bytes(self, data: bytes) -> None:
        """Put an object, wholly or not at all.

        Raises
        ------
        OutputError
            If the store refuses it.
        StoreError
            If the store does not answer.
        """
        with self._put():
            self.files.pipe_file(self.path, data)

    @contextlib.contextmanager
    def written(self) -> Iterator[BinaryIO]:
        """Put an object that is written piece by piece, when all of it is there; raises as `write_bytes`."""
        with tempfile.TemporaryDirectory(prefix="lfa-") as place:
            whole = Path(place, self.name)
            try:
                with whole.open("wb") as stream:
                    yield stream
            except OSError as error:
                raise OutputError(f"{whole} cannot be written: {error.strerror or error}.") from error
            with self._put():
                self.files.put_file(str(whole), self.path)

    def lies_in(self, folder: StorePath) -> bool:
        """Tell whether this is another, or lies below it."""
        return f"{self}/".startswith(f"{str(folder).rstrip('/')}/")

    def pictures(self) -> Iterator[str]:
        """Find every picture below a folder: see `reader.batch.listing.pictures_below`.

        Yields
        ------
        str
            Addresses, in the same order as from a folder with the same files. Of S3, a thousand names are
            held at a time; of other stores, one folder's.

        Raises
        ------
        FileNotFoundError
            If there is no such folder.
        StoreError
            If the store does not answer, refuses, or lists in another order.
        """
        before = b""
        for key in self._keys() if self._is_s3 else self._below():
            if all(part[:1] != "." for part in key.split("/")) and has_picture_name(key.rpartition("/")[2]):
                name = key.encode("utf-8", "surrogateescape")
                if name <= before:
                    raise StoreError(f"{self} lists its objects in no order.")
                before = name
                yield address(name)

    def picture_bytes(self, name: str) -> bytes:
        """Return the bytes of the picture with this address below a folder.

        Raises
        ------
        SourceUnreadable
            If there is none, or it cannot be had twice in a row, although the store answers.
        ImageTooLarge
            Above 64 MB, of which no more is fetched.
        StoreError
            If the store does not answer, or refuses.
        """
        at = self / unquote_to_bytes(name).decode("utf-8", "surrogateescape")
        try:
            data = at.first_bytes()
        except (FileNotFoundError, StoreError):
            self.check()
            try:
                data = at.first_bytes()
            except FileNotFoundError:
                raise SourceUnreadable("There is no such object any more.") from None
            except StoreError as error:
                raise SourceUnreadable(error.message.replace(str(at), name)) from error
        if len(data) > MAX_BYTES:
            raise ImageTooLarge(f"The object has more than {MAX_BYTES // 2**20} MB.")
        return data

    def first_bytes(self) -> bytes:
        """Return an object's content as far as a picture may go, and a byte more; raises as `read_bytes`."""
        waits = {"timeout": _FETCH_S} if self.files.async_impl else {}
        with self._asked():
            try:
                return bytes(self.files.cat_file(self.path, start=0, end=MAX_BYTES + 1, **waits))
            except FileNotFoundError:
                raise
            except OSError:
                if self.files.info(self.path)["size"] == 0:
                    return b""  # of nothing there is no first part
                raise

    def ages(self) -> Iterator[tuple[str, float]]:
        """Find all objects below a folder, whatever their names.

        Yields
        ------
        str
            Path below the folder.
        float
            When it was put there, in s since 1970.

        Raises
        ------
        StoreError
            If the store does not answer, or refuses.
        """
        if self._is_s3:
            start = len(self.files.split_path(self.path)[1])
            for entry in self._entries():
                yield entry["Key"][start and start + 1 :], entry["LastModified"].timestamp()
            return
        with self._asked():
            names = self.files.find(self.path)
        for name in names:
            with self._asked():
                put = self.files.modified(name)
            yield name[len(self.path) + 1 :], put.timestamp()

    def check(self) -> None:
        """Have a sign of life.

        Raises
        ------
        StoreError
            If the store does not answer, refuses, or has nothing here.
        """
        try:
            with self._asked():
                one = self._page({"MaxKeys": 1}).get("Contents") if self._is_s3 else self.files.ls(self.path)
        except FileNotFoundError:
            one = None
        if not one:
            raise StoreError(f"There is nothing any more in {self}.")

    @property
    def _is_s3(self) -> bool:
        return self.files.protocol in {"s3", ("s3", "s3a")}

    def _page(self, where: Mapping[str, str | int]) -> dict[str, Any]:
        bucket, prefix, _ = self.files.split_path(self.path)
        below = f"{prefix}/" if prefix else ""
        call = self.files.call_s3
        return dict(call("list_objects_v2", Bucket=bucket, Prefix=below, **where, timeout=_FETCH_S))

    def _keys(self) -> Iterator[str]:
        """Return the keys below a folder of S3, which lists them in the order of their bytes."""
        start = len(self.files.split_path(self.path)[1])
        return (entry["Key"][start and start + 1 :] for entry in self._entries())

    def _entries(self) -> Iterator[dict[str, Any]]:
        """Return what S3 says of the objects below a folder, a thousand held at a time."""
        where: dict[str, str] = {}
        while True:
            with self._asked():
                page = self._page(where)
            yield from page.get("Contents", ())
            if not page.get("IsTruncated"):
                return
            where = {"ContinuationToken": page["NextContinuationToken"]}

    def _below(self, prefix: str = "") -> Iterator[str]:
        with self._asked():
            found = self.files.ls(self.path, detail=True)
        names = (
            entry["name"].rstrip("/").rpartition("/")[2] + "/" * (entry["type"] == "directory")
            for entry in found
        )
        for name in sorted(names, key=lambda name: name.encode("utf-8", "surrogateescape")):
            if name.endswith("/"):
                yield from (self / name[:-1])._below(prefix + name)  # noqa: SLF001 - its own class
            else:
                yield prefix + name

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, MemoryError):
            raise
        except Exception as error:  # each store's library has errors of its own
            raise StoreError(f"{self} cannot be reached: {_why(error)}.") from error

    @contextlib.contextmanager
    def _put(self) -> Iterator[None]:
        try:
            with self._asked():
                yield
        except FileNotFoundError as error:
            raise OutputError(f"{self} cannot be written: there is no such bucket or folder.") from error
        except StoreError as error:
            if isinstance(error.__cause__, PermissionError):
                raise OutputError(f"{self} cannot be written: {_why(error.__cause__)}.") from error
            raise


class _Blocks(io.RawIOBase):
    """An object of a store, read by blocks."""

    def __init__(self, at: StorePath, size: int) -> None:
        super().__init__()
        self._at, self._size, self._place = at, size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        end = min(self._place + len(buffer), self._size)
        if end == self._place:
            return 0
        data = self._at.block(self._place, end)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def store_path(text: str, **options: Any) -> StorePath:
    """Return the place that an address names.

    Parameters
    ----------
    text : str
        Such as ``s3://bucket/folder``: of any store that fsspec knows.
    **options : Any
        What its file system is to be told besides.

    Raises
    ------
    OptionError
        If it holds a password or a query, which may be a secret, goes through several layers, or is of a
        kind that fsspec does not know.
    ExtraMissing
        If the package that reaches this store is not installed.
    """
    scheme, _, rest = text.partition("://")
    if "?" in rest or "::" in rest or ":" in rest.partition("/")[0].rpartition("@")[0]:
        raise OptionError(
            f"An address in a store ({scheme}://…) may hold neither a password nor a query: "
            "give what opens it by the environment or the configuration of the store's library."
        )
    try:
        # What others put there meanwhile must be seen: nothing is to be remembered of a listing.
        files, path = import_module("fsspec.core").url_to_fs(text, use_listings_cache=False, **options)
    except ImportError as error:
        own = f"{scheme}:// needs a package that is not installed: {error}."
        s3 = f"{scheme}:// needs s3fs, which is not installed: pip install 'lfa-reader[s3]'."
        raise ExtraMissing(s3 if error.name == "fsspec" or scheme.startswith("s3") else own) from error
    except ValueError as error:
        raise OptionError(f"{scheme}:// is no kind of store that is known: {_why(error)}.") from error
    except Exception as error:  # each store's library has errors of its own
        raise StoreError(f"{text} cannot be reached: {_why(error)}.") from error
    return StorePath(files, path.rstrip("/"))


def _why(error: BaseException) -> str:
    """Say what went wrong in a few words, without what may be secret."""
    if isinstance(error, PermissionError):
        kind = "access is refused"
    elif isinstance(error, TimeoutError):
        kind = "it did not answer in time"
    else:
        kind = type(error).__name__
    told = _SECRET.sub("", str(error).strip().partition("\n")[0])[:200].rstrip(" .:")
    return f"{kind}: {told}" if told else kind
