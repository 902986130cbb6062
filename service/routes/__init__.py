"""The routes, one module for each kind; ``ROUTERS`` is all of them."""

from service.routes import (
    answers,
    app_files,
    assays,
    audit,
    batches,
    dashboard,
    description,
    health,
    jobs,
    lists,
    metrics,
    monitoring,
    page,
    pictures,
    readings,
    review,
    sign_in,
    subject_page,
    subjects,
)

__all__ = ["ROUTERS"]

ROUTERS = (
    # Before the readings themselves, for `readings.csv` is no reading's id.
    lists.router,
    readings.router,
    answers.router,
    pictures.router,
    batches.router,
    jobs.router,
    subjects.router,
    assays.router,
    audit.router,
    monitoring.router,
    health.router,
    metrics.router,
    description.router,
    page.router,
    dashboard.router,
    review.router,
    subject_page.router,
    sign_in.router,
    app_files.router,
)
