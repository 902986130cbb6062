"""The routes, one module for each kind; ``ROUTERS`` is all of them."""

from service.routes import app_files, assays, health, page, pictures, readings

__all__ = ["ROUTERS"]

ROUTERS = (readings.router, pictures.router, assays.router, health.router, page.router, app_files.router)
