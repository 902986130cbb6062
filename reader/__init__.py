"""Reads lateral-flow tests from ordinary photos.

The names in ``__all__`` are the public interface; everything else may change.

>>> import numpy as np, reader
>>> reading = reader.read_image(np.full((300, 400, 3), 200, np.uint8))
>>> reading.outcome.value, reading.flags
('not_read', ('no-strip-found',))
"""

from reader import errors
from reader._version import __version__
from reader.batch.stores import StorePath, store_path
from reader.evaluate.intervals import Kappa, Share, kappa, share, wilson
from reader.export import Confirmed, fhir_bundle, guarded, line_of
from reader.flags import FLAGS, explain
from reader.interpret import Assay, list_assays, load_assay
from reader.photo import Photo, open_bytes, open_file
from reader.pipeline import read_bytes, read_file, read_image, read_photo
from reader.reading import Analyte, ImageInfo, Line, Outcome, Profile, Reading, StripReading
from reader.report import draw_overlay, profile_svg

__all__ = [
    "FLAGS",
    "Analyte",
    "Assay",
    "Confirmed",
    "ImageInfo",
    "Kappa",
    "Line",
    "Outcome",
    "Photo",
    "Profile",
    "Reading",
    "Share",
    "StorePath",
    "StripReading",
    "__version__",
    "draw_overlay",
    "errors",
    "explain",
    "fhir_bundle",
    "guarded",
    "kappa",
    "line_of",
    "list_assays",
    "load_assay",
    "open_bytes",
    "open_file",
    "profile_svg",
    "read_bytes",
    "read_file",
    "read_image",
    "read_photo",
    "share",
    "store_path",
    "wilson",
]
