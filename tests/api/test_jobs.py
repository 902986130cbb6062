"""Readings that are made later: queued at once, made once, and never lost."""

import datetime as dt
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from reader import errors
from service import Settings, tasks
from service.jobs import JOB_PROBLEMS, lease
from service.problems import READER_PROBLEMS
from service.store import BlobFolder, JobStore, NewJob
from service.store.database import open_database
from service.workers import ThreadReaders, WorkerLost

from .postgres import Cluster
from .service_helpers import Server, open_client

LATER = {"Prefer": "respond-async"}
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def finished(client: httpx.Client, place: str) -> dict[str, Any]:
    """Ask for a job until it is finished."""
    while (job := client.get(place).json())["state"] in {"queued", "running"}:
        time.sleep(0.02)
    return job


def send(client: TestClient, photo: bytes, path: str | None = None, **options: Any) -> Any:
    return client.put(path or f"/v1/readings/{uuid4()}", content=photo, headers=LATER, **options)


class TestAPictureThatIsReadLater:
    def test_is_answered_with_a_job_that_leads_to_its_reading(self, client: TestClient, photo: bytes) -> None:
        path = f"/v1/readings/{uuid4()}"
        answer = send(client, photo, path)
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
        assert int(answer.headers["retry-after"]) >= 1
        job = finished(client, answer.headers["location"])
        assert (job["state"], job["reading"], job["error"]) == ("done", path, None)
        assert job["finished_at"] > job["created_at"]
        assert "retry-after" not in client.get(answer.headers["location"]).headers

    def test_has_the_same_reading_as_one_that_is_read_at_once(self, client: TestClient, photo: bytes) -> None:
        path = f"/v1/readings/{uuid4()}"
        finished(client, send(client, photo, path).headers["location"])
        at_once = client.put(path, content=photo)
        assert at_once.status_code == 200
        apart = client.put(f"/v1/readings/{uuid4()}", content=photo).json()
        assert {**client.get(path).json(), "source": ""} == {**apart, "source": ""}

    def test_arrived_when_it_was_sent_and_not_when_it_was_read(
        self, client: TestClient, photo: bytes
    ) -> None:
        answer = send(client, photo)
        finished(client, answer.headers["location"])
        (item,) = client.get("/v1/readings").json()["items"]
        assert item["received_at"] == answer.json()["created_at"]

    def test_may_come_from_a_form(self, client: TestClient, photo: bytes) -> None:
        headers = LATER | {"Idempotency-Key": "k"}
        answers = [client.post("/v1/readings", files={"image": photo}, headers=headers) for _ in range(2)]
        assert answers[0].status_code == 202
        assert finished(client, answers[0].headers["location"])["state"] == "done"
        assert client.post("/v1/readings", files={"image": photo}, headers=headers).status_code == 200

    @pytest.mark.parametrize("wish", ["respond-async, wait=5", "handling=lenient, Respond-Async"])
    def test_is_wished_for_among_other_preferences(self, client: TestClient, photo: bytes, wish: str) -> None:
        answer = client.put(f"/v1/readings/{uuid4()}", content=photo, headers={"Prefer": wish})
        assert answer.status_code == 202
        finished(client, answer.headers["location"])

    def test_is_read_at_once_where_another_preference_is_told(self, client: TestClient, photo: bytes) -> None:
        answer = client.put(f"/v1/readings/{uuid4()}", content=photo, headers={"Prefer": "return=minimal"})
        assert answer.status_code == 201

    def test_without_bytes_or_assay_is_refused_at_once(self, client: TestClient, photo: bytes) -> None:
        assert send(client, b"").json()["code"] == "empty-input"
        assert send(client, photo, params={"assay": "unknown"}).json()["code"] == "bad-assay"

    def test_leaves_nothing_of_what_was_told_in_its_job(
        self, settings: Settings, client: TestClient, photo: bytes
    ) -> None:
        headers = LATER
        files = {"image": ("CANARY.jpg", photo)}
        answer = client.post("/v1/readings", files=files, headers=headers)
        finished(client, answer.headers["location"])
        with open_database(settings.data / "lfa.sqlite3").connect() as connection:
            assert connection.exec_driver_sql("SELECT submission FROM jobs").scalar_one() == "{}"


class Held:
    """Readers that read nothing until they are let go."""

    def __init__(self) -> None:
        self._readers = ThreadReaders()
        self.failures: list[Exception] = []
        self.tried = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, task: Any, /, *args: Any, **kwargs: Any) -> Any:
        if task is tasks.read_document:
            self.tried += 1
            if self.failures:
                raise self.failures.pop(0)
        return await self._readers.run(task, *args, **kwargs)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def holding(settings: Settings, held: Held) -> Iterator[TestClient]:
    with open_client(settings, readers=held) as opened:
        yield opened


class TestAJobThatFails:
    def test_says_why_as_an_error_does(self, client: TestClient) -> None:
        job = finished(client, send(client, b"no picture").headers["location"])
        assert job["state"] == "failed"
        assert job["reading"] is None
        at_once = client.put(f"/v1/readings/{uuid4()}", content=b"no picture").json()
        assert job["error"] == {key: at_once[key] for key in ("code", "title", "detail")}

    def test_makes_way_for_another_picture_under_its_id(self, client: TestClient, photo: bytes) -> None:
        path = f"/v1/readings/{uuid4()}"
        finished(client, send(client, b"no picture", path).headers["location"])
        assert finished(client, send(client, photo, path).headers["location"])["state"] == "done"

    @pytest.mark.parametrize(
        ("failure", "code"),
        [(WorkerLost(), "picture-not-processable"), (errors.ImageTooLarge(), "image-too-large")],
    )
    def test_is_not_tried_again(
        self, holding: TestClient, held: Held, photo: bytes, failure: Exception, code: str
    ) -> None:
        held.failures = [failure]
        assert finished(holding, send(holding, photo).headers["location"])["error"]["code"] == code
        assert held.tried == 1

    def test_has_words_for_every_error_of_the_reader(self) -> None:
        assert {kind().code for kind in READER_PROBLEMS} <= set(JOB_PROBLEMS)


@pytest.mark.parametrize(
    "failure",
    [
        errors.CapacityError(),
        errors.OutputError(),
        OperationalError("CANARY", None, Exception()),
        RuntimeError("CANARY"),
    ],
)
def test_a_job_that_fails_in_passing_is_tried_again(
    holding: TestClient,
    held: Held,
    photo: bytes,
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("service.jobs._PAUSE_S", 0.0)
    held.failures = [failure]
    assert finished(holding, send(holding, photo).headers["location"])["state"] == "done"
    assert held.tried == 2
    assert "CANARY" not in caplog.text


class TestAnIdOfAQueuedPicture:
    """No worker takes the job here: another server holds it."""

    @pytest.fixture(autouse=True)
    def _nobody_works(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(JobStore, "take", lambda *_: None)

    def test_answers_the_same_picture_with_the_same_job(self, client: TestClient, photo: bytes) -> None:
        path = f"/v1/readings/{uuid4()}"
        answers = [send(client, photo, path) for _ in range(2)]
        assert {a.status_code for a in answers} == {202}
        assert len({a.headers["location"] for a in answers}) == 1

    def test_is_not_given_to_another_picture_or_assay(
        self, client: TestClient, photo: bytes, other_photo: bytes
    ) -> None:
        path = f"/v1/readings/{uuid4()}"
        send(client, photo, path)
        assay = {
            "assay": next(a["id"] for a in client.get("/v1/assays").json()["items"] if a["id"] != "generic")
        }
        for body, query in ((other_photo, {}), (photo, assay)):
            for headers in (LATER, {}):
                answer = client.put(path, content=body, headers=headers, params=query)
                assert answer.json()["code"] == "reading-conflict"

    def test_is_read_at_once_when_the_picture_is_sent_again_without_the_wish(
        self, client: TestClient, photo: bytes
    ) -> None:
        path = f"/v1/readings/{uuid4()}"
        send(client, photo, path)
        assert client.put(path, content=photo).status_code == 201


def test_a_job_that_is_not_there_is_told(client: TestClient) -> None:
    assert client.get(f"/v1/jobs/{uuid4()}").json()["code"] == "job-not-found"


def test_a_job_of_a_server_that_ended_is_done_by_the_next(
    settings: Settings, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as idle:
        idle.setattr(JobStore, "take", lambda *_: None)
        with open_client(settings) as client:
            place = send(client, photo).headers["location"]
    with open_client(settings) as client:
        assert finished(client, place)["state"] == "done"


class TestALease:
    @pytest.fixture
    def jobs(self, place: Path | str) -> Iterator[JobStore]:
        engine = open_database(place)
        yield JobStore(engine)
        engine.dispose()

    @staticmethod
    def queue(jobs: JobStore, moment: str = "2026-03-01T11:00:00.000000Z") -> str:
        made = NewJob(str(uuid4()), str(uuid4()), "main", None, "generic", "{}", "0" * 64, moment)
        return jobs.add(made)[0].id

    def test_keeps_a_job_for_one_until_it_ends(self, jobs: JobStore) -> None:
        name = self.queue(jobs)
        first = jobs.take(lease(NOW))
        assert first is not None
        assert (first.id, first.state) == (name, "running")
        assert jobs.take(lease(NOW + dt.timedelta(seconds=9))) is None
        later = jobs.take(lease(NOW + dt.timedelta(seconds=11)))
        assert later is not None
        assert (later.id, later.attempts) == (name, 2)

    def test_lasts_as_long_as_it_is_kept(self, jobs: JobStore) -> None:
        self.queue(jobs)
        job = jobs.take(lease(NOW))
        assert job is not None
        jobs.extend([job], lease(NOW + dt.timedelta(seconds=8)).ends)
        assert jobs.take(lease(NOW + dt.timedelta(seconds=17))) is None
        assert jobs.take(lease(NOW + dt.timedelta(seconds=19))) is not None

    def test_that_ended_gives_no_say_over_the_job(self, jobs: JobStore) -> None:
        name = self.queue(jobs)
        slow = jobs.take(lease(NOW))
        quick = jobs.take(lease(NOW + dt.timedelta(seconds=11)))
        assert slow is not None
        assert quick is not None
        assert not jobs.finish(slow, "2026", "corrupt-image")
        assert not jobs.give_back(slow, "2026")
        jobs.extend([slow], "9999")
        assert jobs.finish(quick, "2026")
        found = jobs.find(name)
        assert found is not None
        assert (found.state, found.error) == ("done", None)

    @pytest.mark.parametrize("hours", [-30, 30])
    def test_made_by_a_wrong_clock_holds_nobody_up(self, jobs: JobStore, hours: int) -> None:
        self.queue(jobs)
        assert jobs.take(lease(NOW + dt.timedelta(hours=hours))) is not None
        assert jobs.take(lease(NOW)) is not None

    def test_goes_to_the_oldest_job_first(self, jobs: JobStore) -> None:
        names = [self.queue(jobs, f"2026-03-01T11:00:0{k}.000000Z") for k in (2, 0, 1)]
        taken = [jobs.take(lease(NOW)) for _ in range(3)]
        assert [job.id for job in taken if job is not None] == [names[1], names[2], names[0]]

    def test_that_is_given_back_is_no_attempt_and_waits_as_long_as_it_is_told(self, jobs: JobStore) -> None:
        self.queue(jobs)
        job = jobs.take(lease(NOW))
        assert job is not None
        jobs.give_back(job, lease(NOW).ends)
        assert jobs.take(lease(NOW + dt.timedelta(seconds=9))) is None
        again = jobs.take(lease(NOW + dt.timedelta(seconds=11)))
        assert again is not None
        assert again.attempts == 1

    def test_is_given_to_one_of_many_who_ask_at_once(self, jobs: JobStore) -> None:
        names = sorted(self.queue(jobs) for _ in range(20))
        with ThreadPoolExecutor(8) as crowd:
            taken = list(crowd.map(lambda _: jobs.take(lease(NOW)), range(40)))
        assert sorted(job.id for job in taken if job is not None) == names

    def test_is_for_one_job_however_many_queue_the_same_reading_at_once(self, jobs: JobStore) -> None:
        name, moment = str(uuid4()), "2026-03-01T11:00:00.000000Z"

        def queue(_number: int) -> tuple[str, bool]:
            new = NewJob(str(uuid4()), name, "main", None, "generic", "{}", "0" * 64, moment)
            job, added = jobs.add(new)
            return job.id, added

        with ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(queue, range(40)))
        assert len({job_id for job_id, _ in answers}) == 1
        assert sum(added for _, added in answers) == 1


@pytest.mark.parametrize("picture", [b"no picture", None], ids=["failed", "done"])
def test_jobs_and_batches_work_on_postgresql_too(
    tmp_path: Path, cluster: Cluster, photo: bytes, picture: bytes | None
) -> None:
    settings = Settings(data=tmp_path / "data", database=cluster.database(), min_free_bytes=0)
    with open_client(settings) as client:
        batch = client.post("/v1/batches").headers["location"]
        sent = client.put(f"{batch}/items/{uuid4()}", content=picture or photo)
        job = finished(client, sent.headers["location"])
        assert job["state"] == ("failed" if picture else "done")
        assert client.post(f"{batch}/close").json()["state"] == "done"
        assert client.put(f"{batch}/items/{uuid4()}", content=photo).json()["code"] == "batch-closed"
        assert len(client.get(f"{batch}/results").json()["items"]) == 1


def test_servers_that_share_a_database_share_its_jobs_and_take_over_those_of_a_killed_one(
    tmp_path: Path, cluster: Cluster, photo: bytes
) -> None:
    shared = {"LFA_DATABASE": cluster.database(), "LFA_MIN_FREE_BYTES": "0"}
    first, second = (Server(tmp_path / "data", **shared) for _ in range(2))
    places = []
    for server in (first, second) * 10:
        path = f"{server.url}/v1/readings/{uuid4()}"
        answer = httpx.put(path, content=photo, headers=LATER, timeout=60)
        assert answer.status_code == 202
        places.append(answer.headers["location"])
    first.end()
    with httpx.Client(base_url=second.url, timeout=60) as client:
        jobs = [finished(client, place) for place in places]
        assert {job["state"] for job in jobs} == {"done"}
        assert len(client.get("/v1/readings?limit=200").json()["items"]) == len(places)
    second.end()


def test_a_job_under_which_the_program_errs_again_and_again_is_given_up(
    holding: TestClient, held: Held, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.jobs._PAUSE_S", 0.0)
    held.failures = [RuntimeError() for _ in range(100)]
    job = finished(holding, send(holding, photo).headers["location"])
    assert job["error"]["code"] == "picture-not-processable"
    assert held.tried == 10


@pytest.fixture
def left_behind(settings: Settings, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A job that nobody did, and the place of its reading."""
    monkeypatch.setattr(JobStore, "take", lambda *_: None)
    with open_client(settings) as client:
        path = f"/v1/readings/{uuid4()}"
        place = send(client, photo, path).headers["location"]
    return place, path


def test_what_still_waits_to_be_read_is_erased_when_it_was_read(
    settings: Settings, left_behind: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, path = left_behind
    with open_client(settings) as client:
        refused = client.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "reading-waits")
        monkeypatch.undo()
        finished(client, place)
        assert client.delete(path).status_code == 204


def test_a_job_whose_reading_was_erased_meanwhile_does_not_make_it_again(
    settings: Settings, left_behind: tuple[str, str], photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, path = left_behind
    with open_client(settings) as client:
        assert client.put(path, content=photo).status_code == 201
        assert client.delete(path).is_success
    monkeypatch.undo()
    with open_client(settings) as client:
        assert finished(client, place)["error"]["code"] == "reading-erased"
        assert client.get(path).status_code == 410


def test_a_job_whose_picture_is_gone_says_so(
    settings: Settings, left_behind: tuple[str, str], photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    BlobFolder(settings.data).remove(hashlib.sha256(photo).hexdigest())
    with open_client(settings) as client:
        assert finished(client, left_behind[0])["error"]["code"] == "picture-gone"


def test_what_is_queued_belongs_to_its_subject(
    client: TestClient, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobStore, "take", lambda *_: None)
    path = f"/v1/readings/{uuid4()}"
    answers = [send(client, photo, path, params={"subject": who}) for who in ("P-1", "P-1", "P-2")]
    assert [a.status_code for a in answers] == [202, 202, 409]


def test_what_the_sender_tells_comes_with_the_reading(client: TestClient, photo: bytes) -> None:
    told = {"subject": "P-1", "operator": "nurse-7", "lot": "L-9", "taken_at": "2026-03-01T08:00:00+03:00"}
    path = f"/v1/readings/{uuid4()}"
    finished(client, send(client, photo, path, params=told).headers["location"])
    (item,) = client.get("/v1/readings", params={"subject": "P-1"}).json()["items"]
    assert item["href"] == path
    apart = f"/v1/readings/{uuid4()}"
    client.put(apart, content=photo, params=told)
    assert client.get(f"{path}/result").json()["lot"] == client.get(f"{apart}/result").json()["lot"] == "L-9"


def test_a_picture_under_which_servers_die_again_and_again_is_given_up(
    settings: Settings, photo: bytes, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as idle:
        idle.setattr("service.jobs._Runner.run", lambda _self: _forever())
        with open_client(settings, readers=held) as client:
            place = send(client, photo).headers["location"]
            jobs = client.app.state.services.jobs  # type: ignore[attr-defined]
            for minutes in range(10):
                assert jobs.take(lease(NOW + dt.timedelta(minutes=minutes))) is not None
    with open_client(settings, readers=held) as client:
        assert finished(client, place)["error"]["code"] == "picture-not-processable"
    assert held.tried == 0


async def _forever() -> None:
    import asyncio

    await asyncio.Event().wait()
