"""What is kept: pictures in a folder or a store, readings, jobs and batches in a database."""

from service.store.answers import AnswerStore, Erased, StoredVersion
from service.store.batches import Batch, BatchItem, BatchStore
from service.store.blobs import BlobFolder, BlobMissing, Blobs, Spool
from service.store.erasure import ErasureStore
from service.store.jobs import BatchClosed, Job, JobState, JobStore, Lease, NewJob
from service.store.readings import AlreadyStored, Filters, NewReading, ReadingStore, StoredReading

__all__ = [
    "AlreadyStored",
    "AnswerStore",
    "Batch",
    "BatchClosed",
    "BatchItem",
    "BatchStore",
    "BlobFolder",
    "BlobMissing",
    "Blobs",
    "Erased",
    "ErasureStore",
    "Filters",
    "Job",
    "JobState",
    "JobStore",
    "Lease",
    "NewJob",
    "NewReading",
    "ReadingStore",
    "Spool",
    "StoredReading",
    "StoredVersion",
]
