"""The rooms of the house and who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import reader

ROOT = Path(__file__).resolve().parents[2]

# A room may import what stands before it, and its own; rooms of one floor do not know each other
# unless NEIGHBOURS says so.
FLOORS = (
    {"_version", "errors", "flags", "reading"},
    {"colour", "geometry", "medians", "steps"},
    {"photo", "view"},
    {"again", "locate", "measure"},
    {"interpret"},
    {"strip"},
    {"pipeline"},
    {"batch", "evaluate", "export", "limits", "report", "simulate"},
    {"cli"},
)
NEIGHBOURS = {
    "flags": {"errors"},
    "reading": {"errors", "flags"},
    "locate": {"measure"},
    "evaluate": {"report", "simulate"},
    "limits": {"report", "simulate"},
    "batch": {"report"},
    "export": {"batch", "report"},
}
FLOOR = {room: k for k, rooms in enumerate(FLOORS) for room in rooms}

MODULES = [path for path in sorted(ROOT.glob("reader/**/*.py")) if path != ROOT / "reader/__init__.py"]


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "reader").parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, at whatever depth in the file."""
    package = list(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def allowed(room: str) -> set[str]:
    below = {other for other, floor in FLOOR.items() if floor < FLOOR[room]}
    return below | {room} | NEIGHBOURS.get(room, set())


def test_every_module_belongs_to_a_room() -> None:
    assert {room_of(path) for path in MODULES} <= set(FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_from_the_floors_below(path: Path) -> None:
    room = room_of(path)
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("reader.")}
    if room == "cli":
        # The command line may also use the public names, as any user does.
        rooms &= set(FLOOR)
    assert rooms <= allowed(room)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_library_imports_neither_the_web_nor_a_database(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)}
    assert not outside & {"service", "fastapi", "starlette", "uvicorn", "sqlalchemy", "httpx"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("service/**/*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_service_uses_only_public_names_of_the_reader(path: Path) -> None:
    # `reader.errors` is public as a whole: both tables of codes are made of its classes.
    used = {name for name in imports(path) if name.split(".")[0] == "reader"}
    used = {name for name in used if not name.startswith("reader.errors.")}
    assert used <= {f"reader.{name}" for name in reader.__all__} | {"reader", "reader.errors"}
