"""The routes, one module for each kind; ``ROUTERS`` is all of them."""

from service.routes import assays, dashboard, health, monitoring, page, pictures, readings

__all__ = ["ROUTERS"]

ROUTERS = (
    readings.router,
    pictures.router,
    assays.router,
    monitoring.router,
    health.router,
    dashboard.router,
    page.router,
)
