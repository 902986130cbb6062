"""What is kept: pictures in a folder, readings, jobs and batches in a database."""

from service.store.batches import Batch, BatchItem, BatchStore
from service.store.blobs import BlobFolder, Spool
from service.store.jobs import BatchClosed, Job, JobState, JobStore, Lease, NewJob
from service.store.readings import AlreadyStored, NewReading, ReadingStore, StoredReading

__all__ = [
    "AlreadyStored",
    "Batch",
    "BatchClosed",
    "BatchItem",
    "BatchStore",
    "BlobFolder",
    "Job",
    "JobState",
    "JobStore",
    "Lease",
    "NewJob",
    "NewReading",
    "ReadingStore",
    "Spool",
    "StoredReading",
]
