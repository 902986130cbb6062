"""The routes, one module for each kind; ``ROUTERS`` is all of them."""

from service.routes import assays, batches, health, jobs, page, pictures, readings

__all__ = ["ROUTERS"]

ROUTERS = (
    readings.router,
    pictures.router,
    batches.router,
    jobs.router,
    assays.router,
    health.router,
    page.router,
)
