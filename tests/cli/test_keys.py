"""``lfa keys`` and ``lfa audit``: what an administrator types."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest

from reader.cli.exits import ExitCode


@pytest.fixture
def data(tmp_path):
    return str(tmp_path / "data")


def test_a_key_is_printed_once_and_never_listed(lfa, data):
    added = lfa("keys", "add", "phone", "--site", "north", "--data", data)
    assert re.fullmatch(r"lfa_[A-Za-z0-9_-]{43}\n", added.out)
    assert "is not shown again" in added.err
    (listed,) = [json.loads(line) for line in lfa("keys", "list", "--json", "--data", data).out.splitlines()]
    assert (listed["label"], listed["site"], listed["scopes"]) == ("phone", "north", ["read", "write"])
    assert added.out.strip() not in json.dumps(listed)
    assert "phone" in lfa("keys", "list", "--data", data).out


def test_a_revoked_key_stays_in_the_list(lfa, data):
    lfa("keys", "add", "phone", "--data", data)
    key_id = json.loads(lfa("keys", "list", "--json", "--data", data).out)["id"]
    assert "opens nothing" in lfa("keys", "revoke", key_id, "--data", data).err
    assert json.loads(lfa("keys", "list", "--json", "--data", data).out)["revoked_at"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("keys", "add", "Maria Silva"),
        ("keys", "add", "phone", "--scope", "root"),
        ("keys", "add", "phone", "--reads-per-minute", "0"),
        ("keys", "revoke", "no-such"),
        ("audit", "verify", "--head", "nonsense"),
    ],
)
def test_what_has_no_meaning_is_refused(lfa, data, wrong):
    assert lfa(*wrong, "--data", data).code == ExitCode.USAGE


@pytest.mark.parametrize(
    "asked", [("keys", "list"), ("keys", "revoke", "x"), ("audit", "list"), ("audit", "verify")]
)
def test_a_folder_without_data_is_no_empty_service(lfa, data, tmp_path, asked):
    told = lfa(*asked, "--data", data)
    assert told.code == ExitCode.USAGE
    assert "There are no data of the service" in told.err
    assert not (tmp_path / "data").exists()


def test_a_list_that_is_kept_in_a_file_is_not_cut_off(lfa, data, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    label = "a-label-that-is-long-enough-to-be-cut-in-a-narrow-window-of-80"
    lfa("keys", "add", label, "--data", data)
    assert label in lfa("keys", "list", "--data", data).out
    key_id = json.loads(lfa("keys", "list", "--json", "--data", data).out)["id"]
    assert key_id in lfa("audit", "list", "--data", data).out


def test_a_key_tells_in_which_service_it_opens_something(lfa, data):
    assert data in lfa("keys", "add", "phone", "--data", data).err


def test_the_record_of_who_did_what_is_listed_and_checked(lfa, data, tmp_path):
    lfa("keys", "add", "phone", "--data", data)
    assert "key-added" in lfa("audit", "list", "--data", data).out
    entry = json.loads(lfa("audit", "list", "--json", "--data", data).out)
    assert (entry["key_id"], entry["detail"]["label"]) == ("console", "phone")
    whole = lfa("audit", "verify", "--data", data)
    head = json.loads(whole.out)["head"]
    assert lfa("audit", "verify", "--head", head, "--data", data).code == ExitCode.DONE
    with closing(sqlite3.connect(tmp_path / "data" / "lfa.sqlite3")) as database, database:
        database.execute("UPDATE audit SET site = 'south'")
    broken = lfa("audit", "verify", "--data", data)
    assert broken.code == ExitCode.SOME_UNREADABLE
    assert "Entry 1 was changed" in broken.err


def test_a_service_for_other_machines_needs_a_key_first(lfa, data):
    refused = lfa("serve", "--host", "0.0.0.0", "--data", data)
    assert refused.code == ExitCode.CONFIGURATION
    assert "lfa keys add" in refused.err
