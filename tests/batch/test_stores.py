"""Pictures and runs in a store: the same list and bytes, and no picture is blamed for what the store does."""

from __future__ import annotations

import sys
import time
from threading import Thread

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from reader.batch.parts import items
from reader.batch.places import lies_in, picture_bytes, pictures, place_of, whole_file, write_whole
from reader.batch.plan import load_plan
from reader.batch.run import faults, run_plan
from reader.batch.stores import store_path
from reader.errors import (
    ExtraMissing,
    ImageTooLarge,
    OptionError,
    OutputError,
    RunError,
    SourceUnreadable,
    StoreError,
)
from tests.batch.made import contents, folder_of, planned, process_engine, serial_engine

ODD = [
    "b.jpg",
    "a/z.png",
    "a.jpg",
    "a-b/x.jpg",
    "a/b/c.HEIC",
    "é ü.jpg",
    "100%.jpg",
    "%41.jpg",
]
PASSED_OVER = [".hidden.jpg", ".hidden/b.jpg", "notes.txt", "a.overlay.png", "jpg", "scans.jpg/1.txt"]


@pytest.fixture
def folder(tmp_path):
    return folder_of(tmp_path / "pictures", 20, bad=b"corrupt 1", worse=b"bug", copy=b"picture 3", empty=b"")


@pytest.fixture
def expected(folder, tmp_path):
    """The parts of the same run on this machine."""
    plan = planned(folder, tmp_path / "here", chunk=3)
    run_plan(plan, serial_engine(plan))
    return contents(tmp_path / "here")


@pytest.fixture
def memory():
    """A store that keeps nothing but in this process."""
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    return MemoryFileSystem()


def filled(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"a picture")
    return folder


def parts_of(store, below="run"):
    return store.objects(f"{below}/parts")


@pytest.mark.parametrize("engine", [serial_engine, process_engine])
def test_a_run_from_a_store_into_a_store_has_the_same_bytes_as_one_on_this_machine(
    store, folder, expected, tmp_path, engine
):
    plan = planned(store.put(folder), place_of(f"{store.url}/run"), chunk=3)
    run_plan(plan, engine(plan))
    assert parts_of(store) == expected
    assert store.objects("run")["inputs.txt"] == (tmp_path / "here" / "inputs.txt").read_bytes()
    assert not list(faults(plan))
    assert [item.path for item in items(f"{store.url}/run")] == [
        item.path for item in items(tmp_path / "here")
    ]


def test_either_side_may_lie_on_this_machine(store, folder, expected, tmp_path):
    for source, run in ((folder, f"{store.url}/run"), (store.put(folder), str(tmp_path / "run"))):
        plan = planned(source, place_of(run), chunk=3)
        run_plan(plan, serial_engine(plan))
    assert parts_of(store) == contents(tmp_path / "run") == expected


def test_a_store_lists_the_same_pictures_in_the_same_order_as_a_folder(store, memory, tmp_path):
    folder = filled(tmp_path / "pictures", *ODD, *PASSED_OVER)
    for path in (path for path in folder.rglob("*") if path.is_file()):
        memory.pipe_file(f"/photos/{path.relative_to(folder).as_posix()}", path.read_bytes())
    here = list(pictures(str(folder)))
    assert len(here) == len(ODD)
    assert list(pictures(store.put(folder))) == here
    assert list(pictures("memory://photos")) == here
    for root in (f"{store.url}/photos", "memory://photos", str(folder)):
        assert {picture_bytes(root, name) for name in here} == {b"a picture"}


def test_more_names_than_a_page_holds_are_listed_page_by_page(store):
    names = [f"{k:04}.jpg" for k in range(1003)]
    store.files.pipe({f"{store.bucket}/photos/{name}": b"x" for name in names})
    assert list(pictures(f"{store.url}/photos")) == names
    assert list(pictures(store.url)) == [f"photos/{name}" for name in names]


def test_a_neighbour_whose_name_begins_alike_is_not_listed(store, folder):
    store.put(folder)
    store.put(folder, below="photos2")
    assert len(list(pictures(f"{store.url}/photos/"))) == 24


def test_an_object_that_has_gone_since_the_listing_is_an_error_of_its_own(store, folder):
    plan = planned(store.put(folder), place_of(f"{store.url}/run"), chunk=3)
    store.files.rm_file(f"{store.bucket}/photos/0005.jpg")
    tally = run_plan(plan, serial_engine(plan))
    assert tally.errors == {"source-unreadable": 1, "corrupt-image": 1, "bug": 1}
    (gone,) = [item for item in items(plan.run) if item.path == "0005.jpg"]
    assert gone.error["message"] == "There is no such object any more."


def test_no_more_of_an_object_is_fetched_than_a_file_may_have(memory, monkeypatch):
    asked = []
    real = MemoryFileSystem.cat_file
    monkeypatch.setattr(
        MemoryFileSystem, "cat_file", lambda *a, **k: asked.append(k) or real(*a, **k), raising=True
    )
    monkeypatch.setattr("reader.batch.stores.MAX_BYTES", 10)
    memory.pipe_file("/photos/a.jpg", bytes(10))
    memory.pipe_file("/photos/b.jpg", bytes(1000))
    assert picture_bytes("memory://photos", "a.jpg") == bytes(10)
    with pytest.raises(ImageTooLarge):
        picture_bytes("memory://photos", "b.jpg")
    assert [(fetch["start"], fetch["end"]) for fetch in asked] == [(0, 11), (0, 11)]


class Trouble:
    """Has the first fetches fail."""

    def __init__(self, monkeypatch, error, times):
        self.times = times
        real = MemoryFileSystem.cat_file

        def fetch(*arguments, **options):
            self.times -= 1
            if self.times >= 0:
                raise error
            return real(*arguments, **options)

        monkeypatch.setattr(MemoryFileSystem, "cat_file", fetch)


@pytest.mark.parametrize("error", [ConnectionResetError("cut"), TimeoutError("slow"), PermissionError("no")])
def test_what_fails_once_is_tried_again_and_what_fails_twice_is_an_error_if_the_store_answers(
    memory, monkeypatch, error
):
    memory.pipe_file("/photos/a.jpg", b"a picture")
    Trouble(monkeypatch, error, 1)
    assert picture_bytes("memory://photos", "a.jpg") == b"a picture"
    Trouble(monkeypatch, error, 2)
    with pytest.raises(SourceUnreadable):
        picture_bytes("memory://photos", "a.jpg")


@pytest.mark.parametrize("error", [ConnectionResetError("cut"), TimeoutError("slow"), PermissionError("no")])
def test_no_picture_is_blamed_while_the_store_does_not_answer(memory, monkeypatch, error):
    memory.pipe_file("/photos/a.jpg", b"a picture")
    Trouble(monkeypatch, error, 1)
    monkeypatch.setattr(MemoryFileSystem, "ls", lambda *_, **__: (_ for _ in ()).throw(error))
    with pytest.raises(StoreError):
        picture_bytes("memory://photos", "a.jpg")


@pytest.mark.parametrize("engine", [serial_engine, process_engine])
def test_a_store_that_goes_down_ends_the_run_and_with_it_back_the_run_goes_on(
    store, folder, expected, engine
):
    plan = planned(store.put(folder), place_of(f"{store.url}/run"), chunk=3)

    def go_down(tally):
        if tally.pictures == 7:
            store.server.be("down")

    try:
        with pytest.raises(StoreError, match="Connect"):
            run_plan(plan, engine(plan), told=go_down)
    finally:
        store.server.be("up")
    written = parts_of(store)
    assert 0 < len(written) < len(expected)
    assert written.items() <= expected.items()
    run_plan(plan, engine(plan))
    assert parts_of(store) == expected


def test_a_store_that_is_down_is_told_when_a_run_is_planned_gone_on_with_or_looked_at(store, folder):
    plan = planned(store.put(folder), place_of(f"{store.url}/run"), chunk=3)
    run_plan(plan, serial_engine(plan))
    store.server.be("down")
    try:
        for work in (
            lambda: planned(f"{store.url}/photos", place_of(f"{store.url}/run"), chunk=3),
            lambda: run_plan(plan, serial_engine(plan)),
            lambda: load_plan(plan.run),
            lambda: list(faults(plan)),
            lambda: list(items(plan.run)),
        ):
            with pytest.raises(StoreError):
                work()
    finally:
        store.server.be("up")


def test_two_that_work_on_one_run_at_the_same_time_write_what_one_would(store, folder, expected):
    source, run = store.put(folder), place_of(f"{store.url}/run")
    plans = [planned(source, run, chunk=3) for _ in range(2)]
    writers = [Thread(target=run_plan, args=(plan, serial_engine(plan))) for plan in plans]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert parts_of(store) == expected


@pytest.mark.usefixtures("memory")
def test_who_finds_that_another_has_begun_the_run_meanwhile_does_not_touch_its_list(tmp_path, monkeypatch):
    folder, run = folder_of(tmp_path / "pictures", 3), place_of("memory://run")

    def slowly(root):
        yield from pictures(root)
        monkeypatch.undo()
        planned(folder, run, chunk=3)
        (folder / "later.jpg").touch()

    monkeypatch.setattr("reader.batch.plan.pictures", slowly)
    with pytest.raises(RunError, match="meanwhile"):
        planned(folder, run, chunk=3)
    assert load_plan(run).count == 3


def test_what_is_not_wholly_written_is_not_there(store):
    place = place_of(f"{store.url}/run/results.csv")

    def fail():
        with whole_file(place) as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not place.exists()
    with whole_file(place) as stream:
        stream.write(b"whole")
    assert place.read_bytes() == b"whole"


def test_long_objects_are_read_piece_by_piece(store, monkeypatch):
    monkeypatch.setattr("reader.batch.stores._BLOCK", 1000)
    lines = b"".join(b"picture %d.jpg\n" % k for k in range(1000))
    place = place_of(f"{store.url}/inputs.txt")
    write_whole(place, lines)
    with place.open("rb") as stream:
        assert b"".join(stream) == lines


@pytest.mark.usefixtures("store", "memory")
def test_a_store_that_takes_nothing_is_an_output_that_cannot_be_written(monkeypatch):
    with pytest.raises(OutputError, match="no such bucket"):
        write_whole(place_of("s3://no-such-bucket/run/run.json"), b"x")
    monkeypatch.setattr(
        MemoryFileSystem, "pipe_file", lambda *_, **__: (_ for _ in ()).throw(PermissionError("denied"))
    )
    with pytest.raises(OutputError, match="access is refused: denied"):
        write_whole(place_of("memory://run/run.json"), b"x")


def test_a_folder_in_a_store_that_is_not_there_or_empty_cannot_be_planned(store):
    for source in ("s3://no-such-bucket/photos", f"{store.url}/none", "memory://none-at-all"):
        with pytest.raises(SourceUnreadable):
            planned(source, place_of(f"{store.url}/run"))
    assert store.objects() == {}


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:secret@bucket/photos",
        "https://host/photos?signature=secret",
        "zip://a.zip::s3://key:secret@bucket",
    ],
)
def test_an_address_that_may_hold_a_secret_is_refused_without_repeating_it(address):
    with pytest.raises(OptionError) as refused:
        place_of(address)
    assert "secret" not in str(refused.value)


@pytest.mark.usefixtures("memory")
def test_what_a_library_says_is_repeated_without_passwords_and_queries(monkeypatch):
    error = OSError("Could not connect to http://key:secret@host/bucket?signature=secret")
    monkeypatch.setattr(MemoryFileSystem, "info", lambda *_, **__: (_ for _ in ()).throw(error))
    with pytest.raises(StoreError) as told:
        place_of("memory://run/run.json").exists()
    assert "Could not connect to http://host/bucket" in str(told.value)
    assert "secret" not in str(told.value)


def test_a_store_of_a_kind_that_is_not_known_or_not_installed_is_told_with_what_to_do(monkeypatch):
    with pytest.raises(OptionError, match="no kind of store"):
        place_of("nonsense://bucket")
    with pytest.raises(ExtraMissing, match="needs a package"):
        place_of("gcs://bucket")
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3")
    for package in ("s3fs", "fsspec.core"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ExtraMissing, match=r"pip install 'lfa-reader\[s3\]'"):
            place_of("s3://bucket/photos")


@pytest.mark.parametrize(
    "name", ["photos", r"C:\photos", "C:/photos", "s3:", "s3:photos", "a b/:/c", "a://b"]
)
def test_what_is_no_address_is_a_name_on_this_machine(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    place = place_of(name)
    assert str(place) == str(type(tmp_path)(name))


def test_a_file_of_this_machine_is_never_written_through_a_store(tmp_path):
    assert place_of((tmp_path / "a%b c").as_uri()) == tmp_path / "a%b c"
    with pytest.raises(OptionError):
        place_of("file://elsewhere/photos")


def test_a_place_lies_in_itself_and_in_the_folders_above_it(tmp_path):
    inside = place_of("memory://a/b")
    assert lies_in(inside, inside)
    assert lies_in(inside, place_of("memory://a/"))
    assert not lies_in(place_of("memory://ab"), place_of("memory://a"))
    assert not lies_in(inside, tmp_path)
    assert not lies_in(tmp_path, inside)
    assert lies_in(tmp_path / "a", tmp_path)


def test_all_objects_below_a_folder_are_found_with_their_age(store):
    before = time.time() - 2  # a store says it to the second
    for name in ("a/b.jpg", "a/c/d", "a/c/.e", "ab/f"):
        store.files.pipe_file(f"{store.bucket}/{name}", b"x")
    found = dict(store_path(f"{store.url}/a").ages())
    assert set(found) == {"b.jpg", "c/d", "c/.e"}
    assert all(before <= age <= time.time() + 2 for age in found.values())
    assert list(store_path(f"{store.url}/nothing").ages()) == []


def test_a_folder_in_another_store_is_found_with_its_ages_alike():
    folder = store_path("memory://ages/a")
    (folder / "c" / "d").write_bytes(b"x")
    ((name, age),) = folder.ages()
    assert (name, abs(age - time.time()) < 60) == ("c/d", True)
