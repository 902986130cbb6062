"""The HTTP service: a thin shell over the reader's public names.

``Settings`` says where and how, ``create_app`` builds the application, ``run`` serves it,
``console`` is what an administrator does beside it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service import console
    from service.app import create_app
    from service.server import run
    from service.settings import Settings

__all__ = ["Settings", "console", "create_app", "run"]

_HOMES = {
    "Settings": "service.settings",
    "console": "service.console",
    "create_app": "service.app",
    "run": "service.server",
}


def __getattr__(name: str) -> Any:
    # Found when it is asked for: a worker needs the reader alone, and everything else takes as long to load.
    if name not in _HOMES:
        raise AttributeError(f"module 'service' has no attribute {name!r}")
    home = import_module(_HOMES[name])
    return getattr(home, name, home)
