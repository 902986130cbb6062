"""The error tree: everything that can stop a reading, each with a stable code.

::

    LfaError
    ├── InputError              the bytes cannot be read as a picture
    │   ├── EmptyInput
    │   ├── UnsupportedFormat
    │   ├── CorruptImage
    │   ├── ImageTooSmall
    │   ├── ImageTooLarge
    │   ├── SourceUnreadable
    │   ├── WorkerCrashed
    │   ├── WorkerTimeout
    │   └── WorkerOutOfMemory
    ├── AssayError              an assay profile is missing or wrong
    ├── LabelsError             a file of labels or readings is wrong
    ├── RunError                a batch's run folder is none, or does not fit what is asked of it
    ├── ExtraMissing            an optional package is not installed
    ├── KeysMissing             the service has no access keys where it needs them
    ├── OptionError             an option or setting has no meaning here
    ├── OutputError             a result cannot be written
    ├── CapacityError           there is no room for more work now
    ├── ClusterError            a Dask cluster is not there, or not fit
    └── StoreError              a store of pictures or runs does not answer, or refuses

A poor photo is not an error: it is a reading whose outcome is ``not_read``.
The library knows nothing of exit codes or HTTP: ``reader.cli`` and ``service`` each own one table
from these classes to theirs.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AssayError",
    "CapacityError",
    "ClusterError",
    "CorruptImage",
    "EmptyInput",
    "ExtraMissing",
    "ImageTooLarge",
    "ImageTooSmall",
    "InputError",
    "KeysMissing",
    "LabelsError",
    "LfaError",
    "OptionError",
    "OutputError",
    "RunError",
    "SourceUnreadable",
    "StoreError",
    "UnsupportedFormat",
    "WorkerCrashed",
    "WorkerOutOfMemory",
    "WorkerTimeout",
]


class LfaError(Exception):
    """Something prevents the reader from doing its work.

    Parameters
    ----------
    message : str, optional
        What is wrong and with what, in a sentence; the class's own first line by default.

    Attributes
    ----------
    code : str
        Stable, kebab-case name of the error, the same in the library, the command line and HTTP.
    advice : str
        What the user can do, in one sentence.

    Examples
    --------
    >>> str(EmptyInput("photo.jpg is empty."))
    'photo.jpg is empty. Take or send the picture again.'
    """

    code: ClassVar[str] = "error"
    advice: ClassVar[str] = "Run `lfa doctor` and report what it prints."

    def __init__(self, message: str = "") -> None:
        doc = type(self).__doc__ or ""
        self.message = message or doc.strip().split("\n")[0]
        # Exceptions are rebuilt from their arguments where they come from another process.
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.advice}"


class InputError(LfaError):
    """The input cannot be read as a picture."""

    code = "bad-input"
    advice = "Send a JPEG, PNG, WebP, HEIC or TIFF picture."


class EmptyInput(InputError):
    """The input has no bytes."""

    code = "empty-input"
    advice = "Take or send the picture again."


class UnsupportedFormat(InputError):
    """The input is not a picture in a format that is read here."""

    code = "unsupported-format"


class CorruptImage(InputError):
    """The picture is damaged or incomplete."""

    code = "corrupt-image"
    advice = "Copy or send the picture again; if that does not help, take a new one."


class ImageTooSmall(InputError):
    """The picture has too few pixels to show a test."""

    code = "image-too-small"
    advice = "Send the original picture, not a thumbnail."


class ImageTooLarge(InputError):
    """The picture has more pixels or bytes than are accepted."""

    code = "image-too-large"
    advice = "Send a picture of at most 50 megapixels, 12,000 pixels to a side."


class SourceUnreadable(InputError):
    """The file cannot be opened."""

    code = "source-unreadable"
    advice = "Check that the file exists and that you may read it."


class WorkerCrashed(InputError):
    """The process that read the picture died, each time anew."""

    code = "worker-crashed"
    advice = "Take a new picture or save it as an ordinary JPEG; report this one if you may pass it on."


class WorkerTimeout(InputError):
    """The picture took too long to read, each time anew."""

    code = "worker-timeout"
    advice = "Take a new picture or save it as an ordinary JPEG; report this one if you may pass it on."


class WorkerOutOfMemory(InputError):
    """The picture takes more memory than one picture may, each time anew."""

    code = "worker-out-of-memory"
    advice = "Send a smaller picture."


class AssayError(LfaError):
    """The assay profile is missing or wrong."""

    code = "bad-assay"
    advice = "`lfa assays list` shows the known ones; `lfa assays validate FILE` checks your own."


class LabelsError(LfaError):
    """The file of labels or of readings is wrong."""

    code = "bad-labels"
    advice = "Correct the file and run the same command again; the README says what it holds."


class RunError(LfaError):
    """The run folder is none, is damaged, or does not fit what is asked of it."""

    code = "bad-run"
    advice = "Name the folder that `lfa batch` wrote, with the options that it was begun with, or a new one."


class ExtraMissing(LfaError):
    """An optional package is not installed."""

    code = "extra-missing"
    advice = "Install it and run the same command again."


class KeysMissing(LfaError):
    """Without access keys the service only listens on 127.0.0.1 or ::1."""

    code = "keys-missing"
    advice = "Make a key with `lfa keys add`, then start the service again."


class OptionError(LfaError):
    """An option or setting has no meaning here."""

    code = "bad-option"
    advice = "`lfa --help` lists the options."


class OutputError(LfaError):
    """A result cannot be written."""

    code = "output-not-writable"
    advice = "Check the folder's rights and the free space on its disk, then run the same command again."


class StoreError(LfaError):
    """The store does not answer, or refuses."""

    code = "store"
    advice = (
        "Check the address, the network and the credentials in the environment, "
        "then run the same command again; a run goes on where it stopped."
    )


class CapacityError(LfaError):
    """There is no room for more work now."""

    code = "capacity"
    advice = "Try again in a moment."


class ClusterError(LfaError):
    """The Dask cluster cannot be used."""

    code = "bad-cluster"
    advice = "See to the cluster, then run the same command again: it goes on with what is not yet read."
