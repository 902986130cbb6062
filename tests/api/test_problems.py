"""Errors: one shape everywhere, a status for every class, nothing of the input in them."""

import json
import logging
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from reader import errors
from service import Settings
from service.problems import HTTP_PROBLEMS, READER_PROBLEMS, for_reader_error, for_status
from service.workers import ReaderFailed, ThreadReaders, WorkerLost

from .service_helpers import open_client

CANARY = "CANARY-7319"
READING = "/v1/readings/0b7c52a4-6d0f-4a0e-9f53-2f1f4c6b8d11"
CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.LfaError)]


class FailingReaders(ThreadReaders):
    """Readers that fail in a given way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def run(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self.error


def check_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:lfa:problem:{code}"
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["instance"].endswith(problem["request_id"])
    assert problem["title"].endswith(".")
    assert problem["detail"].endswith(".")
    assert CANARY not in answer.text
    return problem


def test_every_error_class_of_the_reader_has_a_status() -> None:
    assert set(READER_PROBLEMS) == set(CLASSES)


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_of_the_reader_becomes_its_problem_without_its_message(
    settings: Settings, photo: bytes, cls: type[errors.LfaError]
) -> None:
    with open_client(settings, readers=FailingReaders(cls(f"{CANARY} went wrong."))) as client:
        answer = client.put(f"/v1/readings/{uuid4()}", content=photo)
        problem = check_problem(answer, READER_PROBLEMS[cls].status, cls.code)
        assert "lfa " not in problem["detail"], "advice for the command line in an HTTP answer"
        assert client.get("/v1/readings").json()["items"] == []


def test_a_new_class_without_a_row_takes_its_parents_status_and_its_own_code() -> None:
    class OutOfFocus(errors.CorruptImage):
        """The picture is a blur."""

        code = "out-of-focus"

    problem = for_reader_error(OutOfFocus())
    assert (problem.status, problem.code, problem.title) == (422, "out-of-focus", "The picture is a blur.")


def test_a_full_queue_says_when_to_come_back(settings: Settings, photo: bytes) -> None:
    with open_client(settings, readers=FailingReaders(errors.CapacityError())) as client:
        answer = client.put(f"/v1/readings/{uuid4()}", content=photo)
        check_problem(answer, 503, "capacity")
        assert int(answer.headers["retry-after"]) > 0


def test_a_picture_that_defeats_its_worker_is_the_pictures_fault(settings: Settings, photo: bytes) -> None:
    with open_client(settings, readers=FailingReaders(WorkerLost())) as client:
        check_problem(client.put(f"/v1/readings/{uuid4()}", content=photo), 422, "picture-not-processable")


@pytest.mark.parametrize("error", [ZeroDivisionError(CANARY), ReaderFailed("ZeroDivisionError at read:1")])
def test_a_fault_of_the_program_is_an_answer_and_a_log_line_without_the_input(
    settings: Settings, photo: bytes, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.INFO)
    with open_client(settings, readers=FailingReaders(error)) as client:
        answer = client.put(f"/v1/readings/{uuid4()}", content=photo)
        check_problem(answer, 500, "internal-error")
        assert client.get("/healthz").status_code == 200
    assert "ZeroDivisionError at" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"/{CANARY}", 404, "not-found"),
        ("GET", f"/v1/{CANARY}", 404, "not-found"),
        ("GET", f"/static/{CANARY}", 404, "not-found"),
        ("GET", "/static/../app.py", 404, "not-found"),
        ("GET", "/static/%2e%2e/%2e%2e/app.py", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("DELETE", "/version", 405, "method-not-allowed"),
        ("PATCH", READING, 405, "method-not-allowed"),
        ("GET", f"/v1/readings/{CANARY}", 422, "invalid-request"),
        ("PUT", f"/v1/readings/{CANARY}", 422, "invalid-request"),
        ("GET", f"/v1/readings?limit={CANARY}", 422, "invalid-request"),
        ("GET", f"/v1/readings?cursor={CANARY}", 422, "invalid-request"),
        ("PUT", f"{READING}?assay={CANARY}", 422, "invalid-request"),
        ("PUT", f"{READING}?assay={CANARY.lower()}", 422, "bad-assay"),
        ("POST", f"/v1/readings?{CANARY}", 422, "invalid-request"),
    ],
)
def test_whatever_is_wrong_is_told_in_one_shape_and_echoes_nothing(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    check_problem(answer, status, code)
    assert ("allow" in answer.headers) == (status == 405)
    assert CANARY.lower() not in answer.text.lower()


def test_the_wrong_part_is_named_and_not_quoted(client: TestClient) -> None:
    answer = client.get(f"/v1/readings/{CANARY}")
    problem = check_problem(answer, 422, "invalid-request")
    assert problem["errors"] == [{"where": "path", "name": "reading_id", "code": "uuid_parsing"}]


@pytest.mark.parametrize("status", [400, 404, 405, 408, 413, 418, 422, 500, 502])
def test_every_http_status_has_a_problem(status: int) -> None:
    problem = for_status(status)
    assert problem.status == status
    assert problem in HTTP_PROBLEMS.values() or status in {418, 502}


def test_a_browser_gets_a_page_with_the_same_status_and_words(client: TestClient) -> None:
    answer = client.get(f"/readings/{uuid4()}", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no such reading." in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_the_api_answers_a_browser_as_it_answers_a_program(client: TestClient) -> None:
    answer = client.get(f"/v1/readings/{uuid4()}", headers={"Accept": "text/html,*/*"})
    check_problem(answer, 404, "reading-not-found")


def test_problems_are_json_that_any_parser_takes(client: TestClient) -> None:
    assert json.loads(client.get("/nothing").content)["status"] == 404
