"""What is kept: pictures in a folder or a store, readings in a database."""

from service.store.answers import AnswerStore, StoredVersion
from service.store.blobs import BlobFolder, BlobMissing, Blobs, Spool
from service.store.erasure import ErasureStore
from service.store.readings import AlreadyStored, Filters, NewReading, ReadingStore, StoredReading

__all__ = [
    "AlreadyStored",
    "AnswerStore",
    "BlobFolder",
    "BlobMissing",
    "Blobs",
    "ErasureStore",
    "Filters",
    "NewReading",
    "ReadingStore",
    "Spool",
    "StoredReading",
    "StoredVersion",
]
