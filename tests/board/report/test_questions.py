"""The addresses that a report answers, written as the page writes them."""

from __future__ import annotations

from kirie.board.report.asks import encoded, request_path
from kirie.board.report.questions import Subject, questions
from kirie.board.report.routes import base_of, runs_of


def test_addresses_are_written_as_javascript_writes_them() -> None:
    """Parameters come by name; letters, digits and -_.!~*'() stay, all else is a percent code of UTF-8."""
    assert request_path("/api/x", {"runs": "a,b", "key": "val/pictures é"}) == (
        "/api/x?key=val%2Fpictures%20%C3%A9&runs=a%2Cb"
    )
    assert encoded("-_.!~*'()") == "-_.!~*'()"
    assert request_path("/api/x") == "/api/x"


def test_pairs_are_asked_for_both_ways_up_to_a_number() -> None:
    """Two runs are compared in both orders, by each score, and by label where labels have scores."""
    two = questions(Subject(("b", "a"), ("k",), ("eye",)))
    assert "/api/compare?a=a&b=b&score=miou&split=val" in two
    assert "/api/compare?a=b&b=a&score=eye&split=val" in two
    assert "/api/images?runs=a%2Cb&score=eye&split=test" in two
    assert "/api/scores?runs=a%2Cb&split=test" in two
    assert "/api/seeds?runs=a%2Cb&score=eye&split=val" in two
    assert "/api/pictures?key=k&order=regression&runs=b%2Ca" in two
    assert "/api/pictures?order=name&runs=a%2Cb" in two
    assert "/api/difference?a=b&b=a" in two
    assert "/api/matrix?runs=a%2Cb&score=boundary&split=test" in two
    assert len(set(two)) == len(two)
    other = questions(Subject(("b", "a"), scores=("f1",)))
    assert "/api/compare?a=b&b=a&score=f1&split=val" in other
    assert not [one for one in other if "score=miou" in one]
    assert not [one for one in questions(Subject(("a", "b"), (), ("eye",), ("val",))) if "eye&split=test" in one]


def test_of_many_runs_each_is_compared_with_the_first() -> None:
    """Beyond a number of runs the pairs are those with the first one, and what differs is told either way."""
    many = questions(Subject(tuple("cabdefgh")))
    compared = [one for one in many if one.startswith("/api/compare") and one.endswith("score=dice&split=val")]
    assert compared == [f"/api/compare?a=c&b={other}&score=dice&split=val" for other in "abdefgh"]
    differences = [one for one in many if one.startswith("/api/difference")]
    assert set(differences) == {f"/api/difference?a={a}&b={b}" for o in "abdefgh" for a, b in (("c", o), (o, "c"))}
    assert len(differences) == len(set(differences)) == 14
    assert "/api/run/h/console" in many


def test_the_views_address_names_the_runs() -> None:
    """The selection's holes are left out, and commas in ids are kept."""
    assert runs_of("#/curves?metrics=loss&runs=a,b,,c,a") == ["a", "b", "c"]
    assert runs_of("#/runs?runs=a%5C,b,c%2Bd") == ["a,b", "c+d"]
    assert runs_of("#/runs") == []
    assert runs_of("#/runs?filter=x") == []
    assert base_of("#/numbers?a=b&runs=a,b") == "b"
    assert base_of("#/runs?runs=a") == ""
