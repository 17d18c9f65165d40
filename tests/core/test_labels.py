"""Label sets: names, ids, colours, and what is told when a label file is wrong."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.core.labels import IGNORE, MAX_LABELS, Label, LabelSet
from kirie.errors import SourceError

RAW: dict[str, Any] = {
    "labels": [
        "background",
        {"name": "eye", "color": "#ff8000", "aliases": ["Eye"], "merge": ["pupil", "eyelash"]},
        {"name": "口", "color": "#0000FF"},
    ],
    "ignore": ["blur"],
    "skip": ["guide"],
}


def test_ids_follow_the_order_and_every_name_leads_to_one() -> None:
    """Names, aliases and merged names give their label's id; ignore and skip their meaning."""
    labels = LabelSet.from_dict(RAW)
    assert [(label.id, label.name) for label in labels] == [(0, "background"), (1, "eye"), (2, "口")]
    assert [labels.id_of(name) for name in ("eye", "Eye", "pupil", "eyelash", "口")] == [1, 1, 1, 1, 2]
    assert labels.id_of("blur") == labels.id_of("__ignore__") == IGNORE
    assert labels.id_of("guide") is None
    assert labels.id_of("_background_") == 0
    assert labels.knows("guide")
    assert not labels.knows("nose")
    assert len(labels) == 3


def test_colours_as_written() -> None:
    """Colours are read from either case of hexadecimal digits and given back in lower case."""
    labels = LabelSet.from_dict(RAW)
    assert labels.labels[1].color == (255, 128, 0)
    assert [label.hex for label in labels][1:] == ["#ff8000", "#0000ff"]


def test_generated_colours_are_apart() -> None:
    """Labels without a colour get black first, then colours that no two share, the same each time."""
    labels = LabelSet.from_names(f"label{at}" for at in range(40))
    colors = [label.color for label in labels]
    assert colors[0] == (0, 0, 0)
    assert len(set(colors)) == 41
    assert all(max(color) > 120 for color in colors[1:])
    assert colors == [label.color for label in LabelSet.from_names(f"label{at}" for at in range(40))]


def test_palette_holds_every_colour_and_a_grey_for_ignore() -> None:
    """A palette has 256 colours, each label's at its id."""
    palette = LabelSet.from_dict(RAW).palette()
    assert len(palette) == 768
    assert palette[3:6] == [255, 128, 0]
    assert palette[765:] == [128, 128, 128]
    assert palette[9:765] == [0] * 756


def test_palette_of_as_many_labels_as_possible() -> None:
    """The last possible label has id 254 and does not touch the colour of the ignore index."""
    labels = LabelSet.from_dict({"labels": [f"l{at}" for at in range(MAX_LABELS)]})
    palette = labels.palette()
    assert tuple(palette[254 * 3 : 255 * 3]) == labels.labels[254].color
    assert palette[765:] == [128, 128, 128]


_NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(str.strip)


@st.composite
def _label_sets(draw: st.DrawFn) -> LabelSet:
    names = draw(st.lists(_NAME, min_size=1, max_size=9, unique=True))
    names = [name for name in names if name not in {"__ignore__", "_background_"}] or ["a"]
    cut, end = draw(st.integers(1, len(names))), draw(st.integers(1, len(names)))
    own, rest = names[:cut], names[cut:]
    at = draw(st.integers(0, len(rest)))
    labels = tuple(
        Label(
            index,
            name,
            draw(st.tuples(*[st.integers(0, 255)] * 3)),
            tuple(rest[:at]) if index == 0 else (),
            draw(st.booleans()),
        )
        for index, name in enumerate(own)
    )
    middle = max(at, min(end, len(rest)))
    unlabelled = draw(st.sampled_from([*range(len(own)), IGNORE]))
    return LabelSet(labels, frozenset(rest[at:middle]), frozenset(rest[middle:]), unlabelled)


@settings(deadline=None)
@given(labels=_label_sets())
def test_set_comes_back_from_its_own_words(labels: LabelSet) -> None:
    """to_dict and from_dict are inverse, also through YAML."""
    assert LabelSet.from_dict(labels.to_dict()) == labels
    printable = all(name.isprintable() for name in _all_names(labels))
    if printable:
        assert LabelSet.from_dict(yaml.safe_load(yaml.safe_dump(labels.to_dict(), allow_unicode=True))) == labels


def _all_names(labels: LabelSet) -> list[str]:
    return [*(name for label in labels for name in (label.name, *label.aliases)), *labels.ignore, *labels.skip]


@pytest.mark.parametrize(("word", "expected"), [(None, 0), ("eye", 1), ("ignore", IGNORE)])
def test_what_no_region_covers(word: str | None, expected: int) -> None:
    """Uncovered pixels are the first label unless `unlabelled` says otherwise; labelme's word for them follows."""
    labels = LabelSet.from_dict(RAW | ({"unlabelled": word} if word else {}))
    assert labels.unlabelled == labels.id_of("_background_") == expected


def test_things_are_what_is_neither_background_nor_stuff() -> None:
    """Ids ascend; with `unlabelled: ignore` the first label is a thing too."""
    raw: dict[str, Any] = {
        "labels": ["background", "eye", {"name": "sky", "stuff": True}, {"name": "a", "stuff": False}]
    }
    assert LabelSet.from_dict(raw).things == (1, 3)
    assert LabelSet.from_dict(raw | {"unlabelled": "eye"}).things == (0, 3)
    assert LabelSet.from_dict(raw | {"unlabelled": "ignore"}).things == (0, 1, 3)
    written = LabelSet.from_dict(raw).to_dict()["labels"]
    assert ["stuff" in label for label in written] == [False, False, True, False]


def test_from_names_puts_the_background_first() -> None:
    """Names found in annotations become a set: background, then sorted, special names left out."""
    assert LabelSet.from_names(["b", "a", "__ignore__", "_background_", "a"]).names == ("background", "a", "b")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "has no list `labels:`"),
        ([], "has no list `labels:`"),
        ({"labels": []}, "has no list `labels:`"),
        ({"labels": "eye"}, "has no list `labels:`"),
        (RAW | {"colors": 1, "size": 2}, "unknown keys `colors`, `size`; allowed are `ignore`, `labels`"),
        ({"labels": [f"l{at}" for at in range(256)]}, "has 256 labels; at most 255"),
        ({"labels": ["a", ""]}, "entry 2 of `labels` has no name"),
        ({"labels": [3]}, "entry 1 of `labels` has no name"),
        ({"labels": [{"color": "#000000"}]}, "entry 1 of `labels` has no name"),
        ({"labels": [True]}, "entry 1 of `labels` has no name"),
        ({"labels": [{"name": "a", "colour": "#000000"}]}, "label 'a' has unknown keys `colour`; allowed"),
        ({"labels": [{"name": "a", "color": "red"}]}, "write it as '#rrggbb'"),
        ({"labels": [{"name": "a", "color": 255}]}, "write it as '#rrggbb'"),
        ({"labels": [{"name": "a", "color": "#12345"}]}, "write it as '#rrggbb'"),
        ({"labels": [{"name": "a", "aliases": "b"}]}, "`aliases` must be a list of names"),
        ({"labels": [{"name": "a", "merge": [1]}]}, "`merge` must be a list of names"),
        ({"labels": [{"name": "a", "stuff": 1}]}, "label 'a' has `stuff: 1`; write `stuff: true`"),
        ({"labels": [{"name": "a", "stuff": "yes"}]}, "label 'a' has `stuff: 'yes'`"),
        ({"labels": ["a"], "ignore": "b"}, "`ignore` must be a list of names"),
        ({"labels": ["a"], "skip": {"b": 1}}, "`skip` must be a list of names"),
        ({"labels": ["a", "a"]}, "uses the name 'a' twice"),
        ({"labels": ["a", {"name": "b", "merge": ["a"]}]}, "uses the name 'a' twice"),
        ({"labels": ["a", "b"], "ignore": ["b"]}, "'b' as a label and also under"),
        ({"labels": ["a", "b"], "skip": ["b"]}, "'b' as a label and also under"),
        ({"labels": ["a"], "skip": ["__ignore__"]}, "'__ignore__' as a label and also under"),
        ({"labels": ["a", "__ignore__"]}, "'__ignore__' as a label and also under"),
        ({"labels": ["a"], "unlabelled": "b"}, "which is no label; write one of a, or ignore"),
        ({"labels": ["a"], "unlabelled": 0}, "which is no label"),
    ],
)
def test_mistakes_say_what_is_allowed(raw: object, said: str) -> None:
    """Every mistake in a label file ends in a sentence that names it."""
    with pytest.raises(SourceError, match=re.escape(said)):
        LabelSet.from_dict(raw, "labels.yaml")


def test_unknown_name_shows_the_line_to_add_and_the_near_one() -> None:
    """An annotation's unknown label is told with what exists, what is near, and the YAML to add."""
    labels = LabelSet.from_dict(RAW)
    with pytest.raises(SourceError) as told:
        labels.id_of("pupils")
    assert "'pupils' looks like 'pupil'" in str(told.value)
    assert "It has: background, eye, 口." in str(told.value)
    assert "  - {name: pupils}\n" in str(told.value)


@settings(deadline=None)
@given(
    names=st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
                lambda name: name.strip() == name and name.isprintable()
            ),
            st.sampled_from(["yes", "No", "null", "true", "1", "1e3", "- a", "a: b", "#c", "it's", "{x}", "~", "y"]),
        ),
        min_size=1,
        max_size=4,
        unique=True,
    )
)
def test_lines_to_add_are_yaml_that_means_the_name(names: list[str]) -> None:
    """The proposed lines, pasted under `labels:`, make exactly the missing names known."""
    told = LabelSet.from_dict({"labels": ["background"]}).unknown(names)
    lines = [line for line in told.split("\n") if line.startswith("  - {name: ")]
    assert [entry["name"] for entry in yaml.safe_load("\n".join(lines))] == sorted(names)
