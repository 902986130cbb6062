"""The files of a run: what stands in them, that none is ever half-written, and that memory stays small."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tracemalloc
from itertools import islice, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.batch.parts import Item, items
from reader.errors import ExtraMissing, OutputError
from reader.export import parquet
from reader.export.csv import csv_file, failures_file, guarded
from reader.export.jsonl import jsonl_file
from reader.export.metadata import Metadata
from reader.export.parquet import parquet_file
from reader.export.rows import COLUMNS, Table
from reader.reading import json_line
from tests.export.runs import failed, malaria, put_run, read, strip

LINES = (
    read("a.jpg", strip()),
    read("b.jpg", malaria()),
    read("c.jpg", flags=("no-strip-found",)),
    failed("d.txt"),
    read("e.jpg", strip(), same_as="a.jpg"),
)


def written(tmp_path, file, *lines, table=None, name="out"):
    table = table or Table()
    run = tmp_path / "run"
    if not run.exists():
        put_run(run, list(lines or LINES))
    with file(tmp_path / name, table) as put:
        for item in items(run):
            put(item, table.rows(item))
    return tmp_path / name


def sheet(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_the_csv_has_a_byte_order_mark_the_columns_and_lines_that_end_as_the_rfc_says(tmp_path):
    data = written(tmp_path, csv_file).read_bytes()
    assert data.startswith(b"\xef\xbb\xbfpath,sha256,")
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == 7
    (heading, *_) = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert heading == [column.name for column in COLUMNS]


def test_numbers_are_written_as_numbers_and_what_is_unknown_is_empty(tmp_path):
    rows = sheet(written(tmp_path, csv_file))
    assert (rows[0]["control_height"], rows[0]["test_detected"], rows[0]["concentration"]) == (
        "0.3",
        "true",
        "",
    )
    assert [row["error_code"] for row in rows] == ["", "", "", "", "corrupt-image", ""]


def test_a_negative_number_is_not_guarded(tmp_path):
    made = malaria()
    document = read("a.jpg", made)
    document["reading"]["strips"][0]["lines"][1]["height"] = -0.002
    rows = sheet(written(tmp_path, csv_file, document))
    assert rows[1]["test_height"] == "-0.002"


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|'/c calc'!A1", "-"]
)
def test_a_file_name_that_is_a_formula_is_text(tmp_path, evil):
    (row,) = sheet(written(tmp_path, csv_file, read(evil, strip())))
    assert row["path"] == f"'{evil}"


@given(st.text(st.characters(), max_size=20))
def test_no_text_comes_out_as_a_formula_and_every_text_comes_back(text):
    cell = guarded(text)
    assert cell in {text, f"'{text}"}
    assert not re.match(r"[=+\-@\t\r\n]", cell) or re.fullmatch(r"[+-][\d.,eE+-]+", cell)


@given(told=st.lists(st.text(st.characters(), max_size=8), min_size=1, max_size=4))
def test_whatever_the_metadata_say_the_table_keeps_its_rows_and_columns(tmp_path_factory, told):
    folder = tmp_path_factory.mktemp("t")
    columns = tuple(f"meta_{k}" for k in range(len(told)))
    table = Table(Metadata(columns, {"a.jpg": tuple(told)}))
    (row,) = sheet(written(folder, csv_file, read("a.jpg", strip()), table=table))
    assert None not in row
    assert row["path"] == "a.jpg"
    expected = [guarded(text).encode("utf-8", "backslashreplace").decode() for text in told]
    assert [row[column] for column in columns] == expected


def test_a_failure_is_listed_with_its_code_what_is_wrong_and_what_to_do(tmp_path):
    (row,) = sheet(written(tmp_path, failures_file))
    assert (row["path"], row["code"]) == ("d.txt", "corrupt-image")
    assert (row["what"], row["what_to_do"]) == ("The picture is damaged.", "Copy it again.")


def test_the_documents_are_the_bytes_that_lfa_read_prints(tmp_path):
    path = written(tmp_path, jsonl_file)
    assert path.read_bytes() == b"".join(json_line(said["reading"]) for said in LINES if "reading" in said)
    assert [json.loads(line)["source"] for line in path.read_text().splitlines()] == [
        "a.jpg",
        "b.jpg",
        "c.jpg",
        "e.jpg",
    ]


def test_a_name_that_is_not_unicode_stops_no_file(tmp_path):
    pytest.importorskip("pyarrow")
    line = read("caf\udce9.jpg", strip())
    assert sheet(written(tmp_path, csv_file, line))[0]["path"] == r"caf\udce9.jpg"
    assert rb"caf\udce9.jpg" in written(tmp_path, jsonl_file).read_bytes()
    assert table_of(written(tmp_path, parquet_file))[0]["path"] == r"caf\udce9.jpg"


def table_of(path):
    return pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()


def test_the_parquet_file_holds_what_the_csv_holds(tmp_path):
    rows = table_of(written(tmp_path, parquet_file))
    cells = sheet(written(tmp_path, csv_file))
    assert len(rows) == len(cells) == 6
    for row, said in zip(rows, cells, strict=True):
        assert {name: "" if v is None else str(v).lower() for name, v in row.items()} == {
            name: v.lower() for name, v in said.items()
        }
    assert rows[0]["test_height"] == 0.1
    assert rows[0]["test_detected"] is True


def test_parquet_is_written_in_groups_of_rows(tmp_path, monkeypatch):
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "GROUP", 2)
    assert pq.ParquetFile(written(tmp_path, parquet_file)).num_row_groups == 3


def test_a_run_without_pictures_is_an_empty_table(tmp_path):
    put_run(tmp_path / "run", [])
    assert table_of(written(tmp_path, parquet_file)) == []
    assert sheet(written(tmp_path, csv_file)) == []


def test_without_its_extra_parquet_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'lfa-reader\[parquet\]'"):
        written(tmp_path, parquet_file)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("file", [csv_file, failures_file, jsonl_file, parquet_file])
def test_the_same_run_gives_the_same_bytes(tmp_path, file):
    if file is parquet_file:
        pytest.importorskip("pyarrow")
    first = written(tmp_path, file, name="one").read_bytes()
    assert written(tmp_path, file, name="two").read_bytes() == first


@pytest.mark.parametrize("file", [csv_file, failures_file, jsonl_file, parquet_file])
def test_an_error_on_the_way_leaves_the_older_file_as_it_was(tmp_path, file):
    if file is parquet_file:
        pytest.importorskip("pyarrow")
    (tmp_path / "out").write_bytes(b"old")

    def broken(path):
        with file(path, Table()):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        broken(tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_bytes() == b"old"


@pytest.mark.parametrize("file", [csv_file, jsonl_file, parquet_file])
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path, file, monkeypatch):
    if file is parquet_file:
        pytest.importorskip("pyarrow")
    monkeypatch.setattr(parquet, "GROUP", 500)
    said = read("a.jpg", strip())
    item, table = Item(said["path"], said["sha256"], said["reading"], None, None), Table()

    def peak(count):
        tracemalloc.start()
        with file(tmp_path / "out", table) as put:
            for each in islice(repeat(item), count):
                put(each, table.rows(each))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(6000) < peak(1500) + 200_000


def test_the_benchmark_runs_in_its_short_form():
    root = Path(__file__).resolve().parents[2]
    pytest.importorskip("pyarrow")
    done = subprocess.run(
        [sys.executable, "benchmarks/export.py", "--rows", "2000"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"parquet: 2,000 rows in [\d.]+ s .* MB", done.stdout)
