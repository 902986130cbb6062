"""What a run becomes: tables, documents, FHIR resources and a page to look at."""

from reader.export.derive import FORMATS, write_all, write_one, write_tables

__all__ = ["FORMATS", "write_all", "write_one", "write_tables"]
