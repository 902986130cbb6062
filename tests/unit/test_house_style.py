"""The house's limits, held by a test: sizes, types, docstrings, and what may not be written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = sorted([*ROOT.glob("reader/**/*.py"), *ROOT.glob("service/**/*.py")])
EVERYTHING = sorted([*LIBRARY, *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])
LONGEST_BODY = 60
LONGEST_FILE = 600
P90_BODY = 25

# Patterns are put together from pieces, so that this file does not offend against itself.
FORBIDDEN = {
    "a machine's own path": re.compile(r"(?<![\w.{}/])/(?:work|root|home|tmp|Users|mnt|opt)/\w"),
    "an unfinished note": re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"])),
    "a hole in the coverage": re.compile("pragma:" + r"\s*no cover"),
    "a bare type: ignore": re.compile(r"#\s*type:\s*ignore" + r"(?!\[)"),
    "a package index": re.compile("py" + r"pi\.org|index-" + "url"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def body_length(function: Function) -> int:
    """Lines of the body without its docstring."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return 0 if not body else (function.end_lineno or 0) - body[0].lineno + 1


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_no_file_is_longer_than_600_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_no_function_is_longer_than_60_lines(path: Path) -> None:
    lengths = {f.name: body_length(f) for f in functions(parsed(path))}
    assert {name: n for name, n in lengths.items() if n > LONGEST_BODY} == {}


@pytest.mark.parametrize("package", ["reader", "service"])
def test_nine_functions_of_ten_fit_in_25_lines(package: str) -> None:
    paths = [path for path in LIBRARY if path.relative_to(ROOT).parts[0] == package]
    lengths = sorted(body_length(f) for path in paths for f in functions(parsed(path)))
    assert not lengths or lengths[int(0.9 * (len(lengths) - 1))] <= P90_BODY


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_the_library_prints_nothing(path: Path) -> None:
    calls = (node.func for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = parsed(path)
    missing = [] if ast.get_docstring(tree) else ["the module"]
    assert missing + list(undocumented(tree.body, "")) == []


def undocumented(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    """Names of public classes, functions and methods without a docstring."""
    for node in body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and not is_overload(node):
            yield f"{prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node.body, f"{node.name}.")


def is_overload(node: ast.ClassDef | Function) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_every_function_of_the_library_is_fully_typed(path: Path) -> None:
    assert [f.name for f in functions(parsed(path)) if not is_typed(f)] == []


def is_typed(function: Function) -> bool:
    a = function.args
    named = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, [a.vararg, a.kwarg])]
    return function.returns is not None and all(arg.annotation or arg.arg in {"self", "cls"} for arg in named)


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_forbidden_is_written(path: Path, what: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [f"{k}: {line.strip()}" for k, line in enumerate(lines, 1) if FORBIDDEN[what].search(line)] == []


@pytest.mark.parametrize(
    "path", ["README.md", "CHANGELOG.md", "constraints.txt", "pyproject.toml", ".ci/run"]
)
@pytest.mark.parametrize("what", ["an unfinished note", "a package index"])
def test_nothing_forbidden_is_written_beside_the_code(path: str, what: str) -> None:
    assert FORBIDDEN[what].findall((ROOT / path).read_text(encoding="utf-8")) == []
