"""The page on a server in this process, and a real browser to look at it."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

from service import Settings, create_app
from service.workers import ThreadReaders

# Nothing of the browser's own may ask for an outside address.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


class _Server(uvicorn.Server):
    """A server that says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running service."""
    settings = Settings(data=tmp_path_factory.mktemp("web") / "data", min_free_bytes=0)
    app = create_app(settings, readers=ThreadReaders())
    server = _Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.is_up.wait(60)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A running Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs `pip install playwright`")
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("needs Chromium: `apt-get install chromium`")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files to send: a test, a bare table, and something that is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    table = np.full((600, 1000, 3), (190.0, 170.0, 150.0))
    test = table.copy()
    test[140:320, 120:880] = (245, 246, 244)
    test[200:260, 300:700] = (232, 229, 226)
    test[200:260, 412:428] = test[200:260, 532:548] = (190, 90, 125)
    rng = np.random.default_rng(3)
    for name, drawn in (("test", test), ("table", table)):
        grainy = (drawn + rng.normal(0, 1.5, drawn.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(folder / f"{name}.jpg", quality=95)
    (folder / "letter.jpg").write_bytes(b"Dear clinic, this is no picture.")
    return {path.stem: path for path in folder.iterdir()}
