"""The routes, one module for each kind; ``ROUTERS`` is all of them."""

from service.routes import assays, audit, description, health, metrics, page, pictures, readings, sign_in

__all__ = ["ROUTERS"]

ROUTERS = (
    readings.router,
    pictures.router,
    assays.router,
    audit.router,
    health.router,
    metrics.router,
    description.router,
    page.router,
    sign_in.router,
)
