"""A drawn test, an application in this process, and a server in another one."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from service import Settings, create_app
from service.workers import ThreadReaders

BASE = "http://127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]

_SERVE = """
import sys
from pathlib import Path
from service import run
from service.settings import settings_from_environment
settings = settings_from_environment(data=Path(sys.argv[1]), port=0, workers=2, queue=200)
run(settings, ready=lambda url: print(url, flush=True))
"""


def draw_test(seed: int = 0, lines: tuple[int, ...] = (420, 540)) -> Image.Image:
    """Draw a white cassette with a window and red lines on a brown table."""
    rng = np.random.default_rng(seed)
    pixels = np.full((600, 1000, 3), (190.0, 170.0, 150.0))
    pixels[140:320, 120:880] = (245, 246, 244)
    pixels[200:260, 300:700] = (232, 229, 226)
    for left in lines:
        pixels[200:260, left - 8 : left + 8] = (190, 90, 125)
    return Image.fromarray((pixels + rng.normal(0, 1.5, pixels.shape)).clip(0, 255).astype(np.uint8))


def encode(image: Image.Image, file_format: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


@contextmanager
def open_client(settings: Settings, **options: Any) -> Iterator[TestClient]:
    app = create_app(settings, readers=options.pop("readers", None) or ThreadReaders())
    options.setdefault("base_url", BASE)
    with TestClient(app, follow_redirects=False, **options) as client:
        yield client


class Server:
    """A server process of its own, as the command line starts it; settings as it has them: ``LFA_…``."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment() | settings,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().rstrip("/")

    @staticmethod
    def environment() -> dict[str, str]:
        """The environment of a process that imports this checkout."""
        inherited = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *inherited])}

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
