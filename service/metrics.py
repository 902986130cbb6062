"""Numbers about the running service for Prometheus: how much, how fast, how full, and of no one request."""

import shutil
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

__all__ = ["Metrics"]

# From a health check to a picture that waits for others: seconds.
_BUCKETS_S: Final = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """The numbers of one application.

    A route is named by its template and never by a path that was asked for, so that the number of series
    is bounded and none holds anything a client wrote.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "lfa_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "lfa_request_seconds",
            "Time from the first byte of a request to the end of its answer.",
            ("method", "route"),
            registry=self._registry,
            buckets=_BUCKETS_S,
        )
        self._readings = Counter(
            "lfa_readings", "Pictures read and kept.", ("assay", "outcome"), registry=self._registry
        )
        self._tasks = Gauge(
            "lfa_reader_tasks", "Tasks that run or wait for a worker.", registry=self._registry
        )
        self._jobs = Gauge(
            "lfa_jobs_waiting", "Pictures that are kept to be read later.", registry=self._registry
        )
        self._free = Gauge(
            "lfa_disk_free_bytes", "Free space where the data folder is.", registry=self._registry
        )

    def answered(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count an answered request; its status is None when the client left."""
        self._requests.labels(method, route, "none" if status is None else str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def read(self, assay: str, outcome: str) -> None:
        """Count a picture that was read and kept."""
        self._readings.labels(assay, outcome).inc()

    def exposition(self, *, tasks: int, jobs: float, data: Path) -> bytes:
        """Return every number in Prometheus' text format.

        Parameters
        ----------
        tasks : int
            Tasks that run or wait for a worker now.
        jobs : float
            Pictures that are kept to be read later; not a number while the database does not tell.
        data : Path
            The data folder.
        """
        self._tasks.set(tasks)
        self._jobs.set(jobs)
        self._free.set(shutil.disk_usage(data).free)
        return generate_latest(self._registry)
