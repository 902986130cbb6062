"""What is kept: pictures in a folder, readings in a database."""

from service.store.blobs import BlobFolder, Spool
from service.store.readings import AlreadyStored, NewReading, ReadingStore, StoredReading

__all__ = ["AlreadyStored", "BlobFolder", "NewReading", "ReadingStore", "Spool", "StoredReading"]
