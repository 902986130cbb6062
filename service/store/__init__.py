"""What is kept: pictures in a folder or a store, readings in a database."""

from service.store.blobs import BlobFolder, BlobMissing, Blobs, Spool
from service.store.readings import AlreadyStored, NewReading, ReadingStore, StoredReading

__all__ = [
    "AlreadyStored",
    "BlobFolder",
    "BlobMissing",
    "Blobs",
    "NewReading",
    "ReadingStore",
    "Spool",
    "StoredReading",
]
