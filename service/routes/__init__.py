"""The routes, one module for each kind; ``ROUTERS`` is all of them."""

from service.routes import (
    answers,
    app_files,
    assays,
    dashboard,
    health,
    lists,
    monitoring,
    page,
    pictures,
    readings,
    review,
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
    subjects.router,
    assays.router,
    monitoring.router,
    health.router,
    dashboard.router,
    review.router,
    subject_page.router,
    page.router,
    app_files.router,
)
