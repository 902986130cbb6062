"""Who may do what: every route against every caller, and the ways in."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from reader import errors
from service import Settings, console
from service.access import SCOPES, Reads, asked_of, is_public, require_scopes
from service.rates import MovingWindow
from service.routes import ROUTERS

from .service_helpers import BASE, open_client

ROUTES = [route for router in ROUTERS for route in router.routes]
ASKING = [(route, method) for route in ROUTES if asked_of(route) for method in sorted(route.methods)]
IDS = [f"{method} {route.path}" for route, method in ASKING]
HTML = {"Accept": "text/html"}


def make_key(settings: Settings, *scopes: str, site: str = "*", rate: int = 10_000) -> str:
    return console.add_key(settings, label="test", site=site, scopes=scopes or SCOPES, reads_per_minute=rate)[
        1
    ]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def path_of(route: APIRoute) -> str:
    """A path of this route that points to nothing there is."""
    fill = {"strip": "1"}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: fill.get(found[1], str(UUID(int=7))), route.path)


@pytest.fixture
def locked(settings: Settings) -> Iterator[TestClient]:
    """A service that has a key."""
    make_key(settings)
    with open_client(settings) as opened:
        yield opened


@pytest.mark.parametrize(("route", "method"), ASKING, ids=IDS)
def test_without_a_key_nothing_opens(locked: TestClient, route: APIRoute, method: str) -> None:
    answer = locked.request(method, path_of(route))
    assert (answer.status_code, answer.json()["code"]) == (401, "key-needed")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("route", "method"), ASKING, ids=IDS)
def test_a_key_of_other_scopes_opens_nothing(
    locked: TestClient, settings: Settings, route: APIRoute, method: str
) -> None:
    others = tuple(set(SCOPES) - asked_of(route))
    answer = locked.request(method, path_of(route), headers=bearer(make_key(settings, *others)))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-needed")


@pytest.mark.parametrize(("route", "method"), ASKING, ids=IDS)
def test_a_revoked_key_opens_nothing(
    locked: TestClient, settings: Settings, route: APIRoute, method: str
) -> None:
    secret = make_key(settings)
    assert locked.get("/v1/assays", headers=bearer(secret)).status_code == 200
    console.revoke_key(settings, console.list_keys(settings)[-1].id)
    answer = locked.request(method, path_of(route), headers=bearer(secret))
    assert (answer.status_code, answer.json()["code"]) == (401, "key-unknown")


@pytest.mark.parametrize(
    "path", sorted({r.path for r in ROUTES if asked_of(r) and not r.path.startswith("/v1/")})
)
def test_a_person_without_a_key_is_asked_to_sign_in(locked: TestClient, path: str) -> None:
    answer = locked.get(path.replace("{", "").replace("}", ""), headers=HTML)
    assert answer.status_code == 401
    assert 'action="/sign-in"' in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/version", "/sign-in", "/static/page.css"])
def test_what_is_public_needs_no_key(locked: TestClient, path: str) -> None:
    assert locked.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1/nothing", "/v1", "/static", "/staticx", "/healthz/", "//healthz"]
)
def test_a_path_that_nobody_named_is_shut(locked: TestClient, path: str) -> None:
    assert locked.get(BASE + path).status_code == 401


def test_a_route_that_asks_for_nothing_cannot_be_added() -> None:
    router = APIRouter()

    @router.get("/v1/everything")
    async def tell_everything() -> str:
        return ""

    with pytest.raises(RuntimeError, match="tell_everything"):
        require_scopes([*ROUTERS, router])


def test_a_public_route_that_asks_for_a_scope_cannot_be_added() -> None:
    router = APIRouter()

    @router.get("/healthz")
    async def tell_health(_caller: Reads) -> str:
        return ""

    with pytest.raises(RuntimeError, match="tell_health"):
        require_scopes([router])


def test_every_public_path_is_one_that_was_thought_about() -> None:
    assert {route.path for route in ROUTES if is_public(route.path)} <= {
        "/healthz",
        "/manifest.webmanifest",
        "/metrics",
        "/readyz",
        "/service-worker.js",
        "/sign-in",
        "/sign-out",
        "/version",
    }


def test_a_body_without_a_key_is_not_read(locked: TestClient) -> None:
    heads = {"Content-Type": "multipart/form-data"}  # without a boundary: whoever reads it answers 400
    assert locked.post("/v1/readings", content=b"x" * 100, headers=heads).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic bGZhOmxmYQ==",
        "Bearer lfa_short",
        "Bearer lfa_" + "A" * 43,
        "Bearer lfa_" + "A" * 42 + "'",
        "Bearer " + "A" * 5000,
        "Bearer lfa_" + "é" * 43,
    ],
)
def test_what_is_no_key_opens_nothing(locked: TestClient, header: str) -> None:
    answer = locked.get("/v1/readings", headers={"Authorization": header.encode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "key-unknown")
    assert header not in answer.text or not header


def test_nothing_of_a_key_is_kept_but_its_digest(settings: Settings) -> None:
    secret = make_key(settings)
    kept = b"".join(path.read_bytes() for path in settings.data.iterdir() if path.is_file())
    assert secret.encode() not in kept
    assert secret.removeprefix("lfa_").encode() not in kept


def test_two_keys_are_never_alike(settings: Settings) -> None:
    secrets = {make_key(settings) for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(r"lfa_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_without_any_key_the_service_is_open_to_its_own_machine(client: TestClient) -> None:
    assert client.get("/v1/readings").status_code == 200


def test_without_any_key_the_service_is_open_to_no_other_machine(settings: Settings) -> None:
    with open_client(settings, client=("192.0.2.7", 5000)) as far:
        assert far.get("/v1/readings").status_code == 401
    with open_client(settings, client=("::1", 5000)) as near:
        assert near.get("/v1/readings").status_code == 200


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_without_any_key_a_proxy_does_not_open_the_service_to_the_world(
    client: TestClient, header: str
) -> None:
    assert client.get("/v1/readings", headers={header: "192.0.2.7"}).status_code == 401


def test_an_open_service_shuts_with_its_first_key_and_stays_shut_when_that_is_revoked(
    client: TestClient, settings: Settings
) -> None:
    make_key(settings)
    assert client.get("/v1/readings").status_code == 401
    console.revoke_key(settings, console.list_keys(settings)[0].id)
    assert client.get("/v1/readings").status_code == 401


def test_a_service_for_other_machines_is_never_open(settings: Settings) -> None:
    with open_client(replace(settings, host="0.0.0.0")) as opened:
        assert opened.get("/v1/readings").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": ""},
        {"label": "Maria Silva"},
        {"label": "x" * 65},
        {"site": "a b"},
        {"site": ""},
        {"scopes": ()},
        {"scopes": ("write", "root")},
        {"reads_per_minute": 0},
    ],
)
def test_a_key_without_meaning_is_not_made(settings: Settings, wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"label": "phone", "site": "main", "scopes": ("read",), "reads_per_minute": 60}
    with pytest.raises(errors.OptionError):
        console.add_key(settings, **(right | wrong))


def test_signing_in_keeps_the_key_where_no_script_sees_it(locked: TestClient, settings: Settings) -> None:
    secret = make_key(settings)
    answer = locked.post("/sign-in", data={"key": f" {secret} ", "next": "/review?page=2"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/review?page=2")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert locked.get("/v1/readings").status_code == 200
    assert locked.post("/sign-out").status_code == 303
    assert locked.get("/v1/readings").status_code == 401


def test_over_https_the_key_is_kept_for_https_alone(settings: Settings) -> None:
    secret = make_key(settings)
    with open_client(settings, base_url="https://127.0.0.1") as secure:
        assert "secure" in secure.post("/sign-in", data={"key": secret}).headers["set-cookie"].lower()


def test_a_wrong_key_does_not_sign_in(locked: TestClient) -> None:
    answer = locked.post("/sign-in", data={"key": "lfa_wrong<b>", "next": "/review"}, headers=HTML)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "lfa_wrong" not in answer.text
    assert 'value="/review"' in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "/a\\b",
        "/a\r\nSet-Cookie: x=y",
        "",
        "a",
        "/ü",
    ],
)
def test_signing_in_leads_to_no_other_place(locked: TestClient, settings: Settings, target: str) -> None:
    answer = locked.post("/sign-in", data={"key": make_key(settings), "next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"x" * 5000, 413), (b"\xff\xfe", 400), (b"&".join([b"a=b"] * 20), 400), (b"", 401)],
)
def test_a_strange_form_is_refused_at_the_door(locked: TestClient, body: bytes, status: int) -> None:
    assert locked.post("/sign-in", content=body).status_code == status


def test_another_web_page_cannot_sign_anyone_in(locked: TestClient, settings: Settings) -> None:
    answer = locked.post(
        "/sign-in", data={"key": make_key(settings)}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_a_picture_of_a_page_comes_with_the_cookie(
    locked: TestClient, settings: Settings, photo: bytes
) -> None:
    locked.post("/sign-in", data={"key": make_key(settings)})
    path = f"/v1/readings/{uuid4()}"
    assert locked.put(path, content=photo).status_code == 201
    assert locked.get(f"{path}/overlay.png").status_code == 200


def test_the_sixty_first_picture_in_a_minute_waits(
    locked: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(locked.app.state.services.rates, "_clock", lambda: now[0])
    key = bearer(make_key(settings, rate=60))
    for _ in range(60):
        now[0] += 0.5
        assert locked.put(f"/v1/readings/{uuid4()}", content=b"no picture", headers=key).status_code == 415
    answer = locked.put(f"/v1/readings/{uuid4()}", content=b"no picture", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
    assert answer.headers["retry-after"] == "31"
    assert locked.get("/v1/readings", headers=key).status_code == 200
    other = bearer(make_key(settings))
    assert locked.put(f"/v1/readings/{uuid4()}", content=b"no picture", headers=other).status_code == 415
    now[0] += 30.5
    assert locked.put(f"/v1/readings/{uuid4()}", content=b"no picture", headers=key).status_code == 415
    assert locked.put(f"/v1/readings/{uuid4()}", content=b"no picture", headers=key).status_code == 429


def test_whoever_asks_without_end_has_to_wait(locked: TestClient, settings: Settings) -> None:
    key = bearer(make_key(settings, rate=1))
    answers = [locked.get("/v1/assays", headers=key).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


def test_whoever_shows_wrong_keys_has_to_wait_and_nobody_else(locked: TestClient, settings: Settings) -> None:
    wrong = [locked.get("/v1/readings", headers=bearer("lfa_" + "x" * 43)) for _ in range(12)]
    assert [answer.status_code for answer in wrong] == [401] * 10 + [429] * 2
    assert int(wrong[-1].headers["retry-after"]) in range(1, 61)
    assert locked.get("/v1/readings", headers=bearer(make_key(settings))).status_code == 200
    assert locked.get("/v1/readings").status_code == 401


def test_addresses_of_one_customer_count_as_one(settings: Settings) -> None:
    make_key(settings)
    with open_client(settings) as opened:
        callers = [TestClient(opened.app, BASE, client=(f"2001:db8::{k:x}", 5000)) for k in range(11)]
        wrong = bearer("lfa_" + "x" * 43)
        assert [caller.get("/v1/readings", headers=wrong).status_code for caller in callers][-2:] == [
            401,
            429,
        ]


def test_a_window_moves_and_forgets_who_is_quiet() -> None:
    now = [0.0]
    window = MovingWindow(60, clock=lambda: now[0])
    for k in range(1000):
        window.take(f"phone-{k}", 5)
    now[0] = 30.0
    assert [window.take("phone-1", 2) for _ in range(2)] == [0.0, 30.0]
    now[0] = 60.0
    assert window.take("phone-1", 2) == 0.0
    assert len(window._taken) == 1


def test_the_audit_table_is_for_administrators_and_of_their_site(
    locked: TestClient, settings: Settings
) -> None:
    north = bearer(make_key(settings, "admin", site="north"))
    everywhere = bearer(make_key(settings, "admin"))
    mine = locked.get("/v1/audit", headers=north).json()
    assert [(e["site"], e["action"]) for e in mine["items"]] == [("north", "key-added")]
    assert mine["next"] is None
    first = locked.get("/v1/audit?limit=2", headers=everywhere)
    assert [e["seq"] for e in first.json()["items"]] == [3, 2]
    rest = locked.get(first.json()["next"], headers=everywhere).json()
    assert [e["seq"] for e in rest["items"]] == [1]


def test_the_description_says_that_a_key_is_needed(client: TestClient) -> None:
    described = client.get("/v1/openapi.json").json()
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) is not is_public(path)
            assert is_public(path) or {"401", "403", "429"} <= set(operation["responses"])


def test_the_folder_of_the_keys_is_for_its_owner_alone(settings: Settings) -> None:
    make_key(settings)
    assert oct(settings.data.stat().st_mode)[-3:] == "700"
    assert {oct(path.stat().st_mode)[-3:] for path in Path(settings.data).glob("lfa.sqlite3")} == {"600"}
