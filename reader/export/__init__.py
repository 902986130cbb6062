"""What a run becomes: tables, documents, FHIR resources and a page to look at; and one reading in FHIR."""

from reader.export.bundle import Confirmed, fhir_bundle
from reader.export.csv import guarded
from reader.export.derive import FORMATS, write_all, write_one, write_tables
from reader.export.rows import line_of

__all__ = [
    "FORMATS",
    "Confirmed",
    "fhir_bundle",
    "guarded",
    "line_of",
    "write_all",
    "write_one",
    "write_tables",
]
