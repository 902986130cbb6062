"""``lfa batch``, ``lfa verify`` and ``lfa export`` on addresses in a store, as a user meets them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.batch.made import contents, folder_of
from tests.cli.conftest import lfa, negative, photos, positive  # noqa: F401 - fixtures

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def source(store, photos):  # noqa: F811
    return store.put(photos)


@pytest.fixture
def run(store):
    return f"{store.url}/run"


def undisturbed(folder, run):
    """The parts of a run that nobody disturbs."""
    process = started("batch", folder, "-o", run)
    _, said = process.communicate()
    assert process.returncode == 0, said
    return contents(run)


def started(*arguments):
    """Start `lfa` with made-up reading in a process of its own."""
    words = [sys.executable, "-m", "tests.reliability.planted_lfa", *map(str, arguments)]
    return subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def test_what_is_derived_from_a_run_in_a_store_lies_beside_it_and_is_the_same_as_here(
    lfa,  # noqa: F811
    store,
    photos,  # noqa: F811
    source,
    run,
    tmp_path,
):
    assert lfa("batch", photos, "-o", tmp_path / "here").code == 0
    ran = lfa("batch", source, "-o", f"{run}/", "--workers", "2")
    assert (ran.code, ran.out) == (0, "")
    assert f"The run is in {run}." in ran.err.replace("\n", "")
    there = store.objects("run")
    assert there.keys() == {
        path.relative_to(tmp_path / "here").as_posix()
        for path in (tmp_path / "here").rglob("*")
        if path.is_file()
    }
    same = [name for name in there if name not in {"run.json", "results.parquet"}]
    assert {name: there[name] for name in same} == {
        name: (tmp_path / "here" / name).read_bytes() for name in same
    }
    assert b"data:image/jpeg" in there["report.html"]


def test_a_run_in_a_store_is_verified_gone_on_with_and_exported(lfa, store, source, run, tmp_path):  # noqa: F811
    lfa("batch", source, "-o", run, "--engine", "serial")
    before = store.objects("run")
    store.files.rm_file(f"{store.bucket}/run/parts/part-000001.jsonl")
    ran = lfa("verify", run, "--json")
    assert (ran.code, json.loads(ran.out)["run"]) == (3, run)
    assert lfa("batch", source, "-o", run, "--engine", "serial").code == 0
    assert lfa("verify", run).code == 0
    assert store.objects("run/parts") == {n[6:]: c for n, c in before.items() if n.startswith("parts/")}
    assert lfa("export", run, "--to", "csv", "-o", tmp_path / "here.csv").code == 0
    assert (tmp_path / "here.csv").read_bytes() == before["results.csv"]
    assert lfa("export", run, "--to", "fhir").code == 0
    assert lfa("export", run, "--to", "csv", "-o", f"{run}/other.csv").code == 0
    assert {"results.fhir.json", "other.csv"} <= store.objects("run").keys()
    assert lfa("export", run, "--to", "csv", "-o", f"{run}/run.json").code == 2


def test_metadata_ride_along_into_a_store(lfa, store, source, run, tmp_path):  # noqa: F811
    (tmp_path / "clinic.csv").write_text("path,site\nb.jpg,Nord\n")
    command = ["batch", source, "-o", run, "--metadata", tmp_path / "clinic.csv", "--engine", "serial"]
    assert lfa(*command).code == 0
    assert b",Nord\r\n" in store.objects("run")["results.csv"]


def test_a_run_inside_the_folder_that_is_read_is_refused_in_a_store_too(lfa, store, source):  # noqa: F811
    assert lfa("batch", source, "-o", f"{source}/run").code == 2
    assert lfa("batch", store.url, "-o", f"{store.url}/run").code == 2


def test_other_options_are_refused_in_a_store_too(lfa, source, run):  # noqa: F811
    lfa("batch", source, "-o", run, "--engine", "serial")
    ran = lfa("batch", source, "-o", run, "--assay", "hcg")
    assert ran.code == 6
    assert "assay is generic, not hcg" in ran.err


def test_nothing_of_what_opens_a_store_is_written_or_said(lfa, store, source, run, monkeypatch):  # noqa: F811
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    said = [lfa("batch", source, "-o", run), lfa("verify", run), lfa("export", run)]
    said.append(lfa("batch", "s3://canary-key:canary-secret@bucket/photos", "-o", run))
    assert [ran.code for ran in said] == [0, 0, 0, 2]
    assert not [ran for ran in said if "canary" in ran.out + ran.err]
    assert not [name for name, content in store.objects("run").items() if b"canary" in content]


def test_a_store_that_cannot_be_reached_is_code_7_in_plain_words(source, run):
    closed = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    for command in (["batch", source, "-o", run], ["verify", run], ["export", run]):
        words = [sys.executable, "-c", "import reader.cli; reader.cli.main()", *command]
        ran = subprocess.run(
            words, cwd=ROOT, env=os.environ | closed, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 7
        assert "cannot be reached" in ran.stderr
        assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("seed", [1])
def test_a_run_in_a_store_that_is_killed_at_random_moments_ends_with_the_same_bytes(store, tmp_path, seed):
    folder = folder_of(tmp_path / "pictures", 60)
    expected = undisturbed(folder, tmp_path / "here")
    source, run, chance = store.put(folder), f"{store.url}/run", random.Random(seed)
    kills, longest_s = 0, 5.0
    while True:
        process = started("batch", source, "-o", run)
        try:
            process.wait(chance.uniform(1.0, longest_s))
        except subprocess.TimeoutExpired:
            kills, longest_s = kills + 1, 1.1 * longest_s
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            assert store.objects("run/parts").items() <= expected.items()
            continue
        said = process.communicate()[1]
        assert process.returncode == 0, said
        break
    assert kills
    assert store.objects("run/parts") == expected


def test_a_run_whose_store_goes_down_stops_with_code_7_soon_and_goes_on_when_it_is_back(store, tmp_path):
    folder = folder_of(tmp_path / "pictures", 60)
    expected = undisturbed(folder, tmp_path / "here")
    source, run = store.put(folder), f"{store.url}/run"
    process = started("batch", source, "-o", run)
    end = time.monotonic() + 60
    while len(store.files.find(f"{store.bucket}/run/parts")) < 5:
        assert time.monotonic() < end
    store.server.be("down")
    try:
        _, said = process.communicate(timeout=60)
    finally:
        store.server.be("up")
    assert process.returncode == 7, said
    assert "the same command" in said or "run the same command again" in said
    assert "Traceback" not in said
    again = started("batch", source, "-o", run)
    assert again.communicate()[0] is None
    assert again.returncode == 0
    assert store.objects("run/parts") == expected
