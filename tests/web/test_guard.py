"""Who may ask a local page, and what its answers forbid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from kirie.errors import RunError
from kirie.web.answers import json_answer, listed, needed, posted
from kirie.web.app import make_app
from kirie.web.guard import HEADERS, is_loopback

ADDRESS = "http://127.0.0.1:8000"


async def echo(request: Request) -> Response:
    """Gives back what was posted."""
    return json_answer(request, await posted(request))


def words(request: Request) -> Response:
    """What the query says."""
    return json_answer(request, [needed(request, "a"), listed(request, "b")])


def wrong(request: Request) -> Response:
    """Something that a user can mend."""
    raise RunError("The run has no scores.")


def broken(request: Request) -> Response:
    """A mistake of ours."""
    raise ZeroDivisionError("secret")


ROUTES = [
    Route("/api/echo", echo, methods=["POST"]),
    Route("/api/words", words),
    Route("/api/wrong", wrong),
    Route("/api/broken", broken),
]


def client(page: Path, address: str = ADDRESS, **more: Any) -> TestClient:
    """A page with a few routes."""
    return TestClient(make_app(ROUTES, page=page, **more), address, raise_server_exceptions=False)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built page."""
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<title>kirie</title>", encoding="utf-8")
    (tmp_path / "page" / "page.js").write_text("let a = 1;" * 200, encoding="utf-8")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    return tmp_path / "page"


@pytest.mark.parametrize("path", ["/", "/page.js", "/none", "/api/words?a=1&b=2", "/api/none", "/api/broken"])
def test_every_answer_has_the_headers(page: Path, path: str) -> None:
    """Also refusals, mistakes and files."""
    answer = client(page).get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000", "127.0.0.1"])
def test_names_of_this_machine_are_answered(page: Path, host: str) -> None:
    """With a port or without, in any letters."""
    assert client(page).get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "192.0.2.7", "[", "a@b"])
def test_other_names_are_not(page: Path, host: str) -> None:
    """A stranger's name that was pointed at this machine gets nothing, not even the page."""
    answer = client(page).get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "kirie" not in answer.text.replace("`kirie`", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": ADDRESS}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_a_post_comes_from_our_page_and_is_json(page: Path, headers: dict[str, str], status: int) -> None:
    """What another page's form or script could send is refused."""
    headers = {"Content-Type": "application/json"} | headers
    assert client(page).post("/api/echo", content=b'{"a": 1}', headers=headers).status_code == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(page: Path, method: str) -> None:
    """There is nothing to put or delete, and no other page is told that it might."""
    answer = client(page).request(method, "/api/echo")
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_others_need_the_token(page: Path) -> None:
    """Without it nothing is answered; with it a cookie is set, and the token leaves the address."""
    asked = client(page, "http://192.0.2.7:8000", host="192.0.2.7", token="t0ken")
    assert asked.get("/").status_code == 401
    assert asked.get("/api/words?a=1&b=2").status_code == 401
    assert asked.get("/?token=wrong").status_code == 401
    answer = asked.get("/?token=t0ken&x=1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?x=1")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert asked.get("/").status_code == 200
    assert asked.post("/api/echo", json={"a": 1}).status_code == 200


def test_a_token_leads_to_no_other_host(page: Path) -> None:
    """The way back after the token stays here, whatever the path looks like."""
    asked = client(page, "http://192.0.2.7:8000", host="192.0.2.7", token="t0ken")
    answer = asked.get("http://192.0.2.7:8000//evil.example/?token=t0ken", follow_redirects=False)
    assert answer.headers["location"] == "/evil.example/"


def test_errors_are_sentences(page: Path) -> None:
    """What a user can mend is told; of our own mistakes the kind, and nothing of what is inside."""
    asked = client(page)
    assert asked.get("/api/wrong").json() == {"error": "The run has no scores."}
    assert asked.get("/api/wrong").status_code == 400
    assert asked.get("/api/words").status_code == 400
    assert "lacks `a`" in asked.get("/api/words").json()["error"]
    assert asked.get("/api/words?a=1&b=,").status_code == 400
    assert asked.get("/api/words?a=1&b=x,y,x").json() == ["1", ["x", "y"]]
    answer = asked.get("/api/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text


@pytest.mark.parametrize(("content", "status"), [(b"[]", 400), (b"{", 400), (b"\xff", 400), (b"[" * 5000, 400)])
def test_what_is_no_json_object_is_refused(page: Path, content: bytes, status: int) -> None:
    """With a sentence, whatever it is."""
    answer = client(page).post("/api/echo", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert "JSON" in answer.json()["error"]


def test_what_is_too_large_is_refused(page: Path) -> None:
    """It is not kept in memory to find that out."""
    assert client(page).post("/api/echo", json={"a": "x" * 2**20}).status_code == 413


def test_answers_are_compressed(page: Path) -> None:
    """Where the browser takes it."""
    assert client(page).get("/page.js").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client(page).get("/page.js", headers={"Accept-Encoding": "identity"}).headers


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/..\\secret"])
def test_no_file_beside_the_page_is_given(page: Path, path: str) -> None:
    """Only what the build made."""
    assert client(page).get(path).status_code == 404


def test_a_page_that_is_not_built_says_so(tmp_path: Path) -> None:
    """It names the command that builds it; a build needs no new start."""
    asked = client(tmp_path / "page")
    answer = asked.get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("built", encoding="utf-8")
    assert asked.get("/").text == "built"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("Localhost", True), ("0.0.0.0", False), ("box", False)],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    """Only what no other machine can reach."""
    assert is_loopback(host) is loopback
