"""The HTTP service: a thin shell over the reader's public names.

``Settings`` says where and how, ``create_app`` builds the application, ``run`` serves it,
``console`` is what an administrator does beside it.
"""

from service import console
from service.app import create_app
from service.server import run
from service.settings import Settings

__all__ = ["Settings", "console", "create_app", "run"]
