"""The page on a server in this process, and a real browser to look at it."""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import uvicorn
from PIL import Image

from service import Settings, create_app
from service.workers import ThreadReaders

Open = Callable[..., Any]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 900}

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


@contextlib.contextmanager
def serving(data: Path, port: int = 0) -> Iterator[str]:
    """Run a service on this data, and tell its address."""
    app = create_app(Settings(data=data, min_free_bytes=0), readers=ThreadReaders())
    server = _Server(uvicorn.Config(app, port=port, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.is_up.wait(60)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running service that is open to its machine."""
    with serving(tmp_path_factory.mktemp("web") / "data") as address:
        yield address


@pytest.fixture
def open_page(browser: Any, url: str) -> Iterator[Open]:
    """Open the page; afterwards no script has failed and nothing outside was asked for."""
    contexts, troubles = [], []

    def opened(
        path: str = "/", *, at: str = url, scripts: bool = True, size: dict[str, int] = PHONE, **options: Any
    ) -> Any:
        context = browser.new_context(viewport=size, java_script_enabled=scripts, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: _note_outside(request.url, at, troubles))
        page.goto(at + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    # The browser itself notes every answer that is no success; those are the service's to give.
    assert [trouble for trouble in troubles if not trouble.startswith("Failed to load resource")] == []


def _note_outside(asked: str, url: str, troubles: list[str]) -> None:
    if urlsplit(asked).netloc != urlsplit(url).netloc and not asked.startswith(("blob:", "data:")):
        troubles.append(f"asked for {asked}")


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
