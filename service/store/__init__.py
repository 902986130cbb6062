"""What is kept: pictures in a folder, readings in a database."""

from service.store.answers import AnswerStore, StoredVersion
from service.store.blobs import BlobFolder, Spool
from service.store.readings import AlreadyStored, Filters, NewReading, ReadingStore, StoredReading

__all__ = [
    "AlreadyStored",
    "AnswerStore",
    "BlobFolder",
    "Filters",
    "NewReading",
    "ReadingStore",
    "Spool",
    "StoredReading",
    "StoredVersion",
]
