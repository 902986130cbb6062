"""README, command line and code stay in step."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import typer.main

import reader
from reader._version import __version__
from reader.cli import ExitCode, app
from reader.interpret import list_assays
from reader.reading import Outcome
from service import Settings, create_app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
LFA = [match.split() for line in COMMANDS for match in re.findall(r"\blfa ([^&|>]+)", line)]
GROUP = typer.main.get_command(app)


def test_the_readme_begins_with_two_commands_of_one_line_each():
    install, test = BLOCKS[:2]
    assert install.count("\n") == test.count("\n") == 1
    assert install.startswith("git clone <this repository>")
    assert "-c constraints.txt" in install
    assert "lfa read samples --overlay out --report out/report.html" in install
    assert "pytest" in test


@pytest.mark.parametrize("words", LFA, ids=" ".join)
def test_every_lfa_command_of_the_readme_exists_with_its_options(words):
    command = GROUP
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        words = words[1:]
    assert command is not GROUP
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_every_command_is_in_the_readme(name):
    assert f"lfa {name}" in README


@pytest.mark.parametrize(
    "option", [o for p in GROUP.commands["read"].params for o in p.opts if o[:2] == "--"]
)
def test_every_option_of_lfa_read_is_in_the_readme(option):
    assert option in README


def test_every_outcome_is_explained():
    words = {outcome.value.replace("_", " ") for outcome in Outcome} - {"multiple"}
    assert {word for word in words if f"| **{word}** |" in README} == words


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_every_setting_of_the_service_is_in_its_table_with_its_default(field):
    row = re.search(rf"^\| `LFA_{field.name.upper()}` \| (.*?) ?\| (.+) \|$", README, re.MULTILINE)
    assert row is not None
    if field.default is not MISSING:
        default = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
        assert row[1] == (f"`{default.removesuffix('.0')}`" if default else "")


def test_every_exit_code_is_listed():
    table = README[README.index("| code | meaning |") :].split("\n\n", 1)[0]
    listed = {int(n) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for n in row.split(",")}
    assert listed == {code.value for code in ExitCode}


def test_assays_that_the_readme_names_are_known():
    named = set(re.findall(r"--assay ([a-z][\w-]+)|assay=\"?([a-z][\w-]+)", README))
    known = {assay.id for assay in list_assays()}
    assert {a or b for a, b in named} <= known


def test_files_and_folders_that_the_readme_names_exist():
    named = set(re.findall(r"`((?:reader|service|samples|tests|benchmarks|\.ci)/[\w./-]*)`", README))
    named |= set(re.findall(r"\b(samples/[\w-]+\.\w+)", README))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_readme_names_public_names_only():
    used = set(re.findall(r"\breader\.(\w+)", README)) - {"cli"}
    assert {name for name in used if not hasattr(reader, name)} == set()


def test_every_address_of_the_service_that_the_readme_names_is_there():
    routes = create_app(Settings()).openapi()["paths"].keys() | {"/v1/openapi.json"}
    shapes = [re.compile(re.sub(r"\{\w+\}", r"[^/?]+", route)) for route in routes]
    named = re.findall(r"(?:8000|GET |`)(/(?:v1/[\w/$.]+|\w+z\b|openapi[\w.]+))", README)
    assert len(named) > 5
    assert [path for path in named if not any(shape.fullmatch(path) for shape in shapes)] == []


EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def printed_by(example: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_the_python_examples_run_as_they_stand():
    reading, simulating = EXAMPLES
    outcome, *lines = printed_by(reading)
    assert outcome == "positive"
    assert [line.split()[:2] for line in lines] == [["C", "True"], ["T", "True"]]
    (truth,) = printed_by(simulating)
    assert "('T', 0.02, (" in truth


def test_the_readme_says_what_it_is_not():
    assert "not a cleared medical device" in README[:800]


def test_no_page_of_the_project_names_a_package_index():
    for name in ("README.md", "constraints.txt", "CHANGELOG.md"):
        assert not re.search(
            r"https?://(?!semver\.org|127\.0\.0\.1)", (ROOT / name).read_text(encoding="utf-8")
        )


def test_the_changelog_begins_with_this_version():
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first is not None
    assert first[1] == __version__


def test_every_dependency_is_pinned_once_within_its_range():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert len(pins) == len([line for line in lines if "==" in line])
    for requirement in wanted:
        name, floor = re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", requirement).groups()
        assert name in pins, requirement
        assert release(pins[name]) >= release(floor), requirement


def release(version):
    return tuple(int(part) for part in version.split("."))


@pytest.mark.parametrize("path", re.findall(r"^!\[[^]]+\]\(([^)]+)\)", README, re.MULTILINE))
def test_every_figure_of_the_readme_is_there_and_the_command_that_makes_it_is_named(path):
    assert (ROOT / path).read_text(encoding="utf-8").startswith("<svg")
    assert re.search(rf"--(?:plot|figure) {re.escape(path)}", README)
