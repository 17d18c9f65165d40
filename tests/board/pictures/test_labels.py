"""Names and colours of the ids in masks."""

from __future__ import annotations

from kirie.board.pictures.labels import colors_of, labels_of


def test_the_label_set_of_the_run_counts() -> None:
    """A run of kirie shows its labels in their own colours, whatever W&B was told."""
    record = {"labels": {"labels": [{"name": "bg", "color": "#102030"}, "eye"]}}
    found = labels_of(record, [{0: "other"}])
    assert found[0] == {"id": 0, "name": "bg", "color": "#102030"}
    assert found[1]["name"] == "eye"


def test_logged_names_get_colours() -> None:
    """Without a label set the logged names are shown, each in a colour of its own; 255 means ignored and is none."""
    found = labels_of({}, [{0: "sky", 7: "tree", 255: "(ignored)", 900: "no"}, {7: "late", 3: "<b>road"}])
    assert [(one["id"], one["name"]) for one in found] == [(0, "sky"), (3, "<b>road"), (7, "tree")]
    assert len({one["color"] for one in found}) == 3
    assert labels_of({"labels": {"labels": []}}, []) == []


def test_the_first_runs_colours_count() -> None:
    """A label that two runs show in two colours has the first one's."""
    one, two = [{"id": 0, "name": "a", "color": "#1"}], [{"id": 1, "name": "a", "color": "#2"}]
    assert colors_of([one, two]) == {"a": "#1"}
