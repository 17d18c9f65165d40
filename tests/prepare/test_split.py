"""Splits: stable when data grows, honouring what is given, never leaking, never empty."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kirie.errors import SourceError, StoreError, UsageError
from kirie.prepare.layout import SPLITS
from kirie.prepare.record import Record
from kirie.prepare.split import FRACTIONS, Splits, assign, parse_fractions, place_of

names = st.text("abcdefgh/-0123456789あ", min_size=1, max_size=8)


def record(name: str, group: str | None = None, split: str | None = None, pixels: str | None = None) -> Record:
    """A picture with nothing in it but what splitting looks at."""
    own = pixels or hashlib.sha256(name.encode()).hexdigest()
    return Record("k", name, group, split, (9, 9), "d", own, (1, 1), 0, 2, (0, 0, 0), (0, 0, 0), {})


def natural(group: str, seed: int = 0) -> str:
    """The split of a lone picture by the rule alone, computed independently."""
    place = place_of(f"picture:{group}", seed)
    return "train" if place < 0.7 else "val" if place < 0.85 else "test"


def many(count: int, start: int = 0) -> list[Record]:
    """Pictures without groups."""
    return [record(f"picture {at}") for at in range(start, start + count)]


def test_large_sources_follow_the_fractions() -> None:
    """4,000 groups fall into the splits as the fractions say, to 3 %."""
    found = assign(many(4000))
    for split, share in zip(SPLITS, FRACTIONS, strict=True):
        assert found.groups[split] / 4000 == pytest.approx(share, abs=0.03)
    assert not found.moved


def test_the_rule_is_fixed_for_ever() -> None:
    """The place of a name is part of the format: a change would shuffle every user's splits."""
    assert place_of("group:character-017", 0) == pytest.approx(0.1525155466, abs=1e-9)
    assert place_of("group:character-017", 1) == pytest.approx(0.9922435346, abs=1e-9)


@settings(max_examples=50)
@given(st.sets(names, min_size=3, max_size=40), st.sets(names, max_size=40), st.integers(0, 3))
def test_growth_keeps_every_split(first: set[str], more: set[str], seed: int) -> None:
    """Once every split has a group of its own, pictures that come later move none."""
    assume({natural(name, seed) for name in first} == set(SPLITS))
    before = assign([record(name) for name in sorted(first)], seed=seed)
    after = assign([record(name) for name in sorted(first | more, reverse=True)], seed=seed)
    assert {name: after.of[name] for name in first} == dict(before.of)
    assert not before.moved


@settings(max_examples=50)
@given(st.lists(st.tuples(names, st.sampled_from("ABCDEFGHIJ")), min_size=3, max_size=40, unique_by=lambda x: x[0]))
def test_a_group_lies_in_one_split(pictures: list[tuple[str, str]]) -> None:
    """Pictures of one group share a split, and with three groups none is empty."""
    assume(len({group for _, group in pictures}) >= 3)
    found = assign([record(name, group) for name, group in pictures])
    for group in {group for _, group in pictures}:
        assert len({found.of[name] for name, own in pictures if own == group}) == 1
    assert set(found.of.values()) == set(SPLITS)


@given(st.sets(names, min_size=3, max_size=12), st.integers(0, 50))
def test_few_pictures_fill_every_split(few: set[str], seed: int) -> None:
    """A newcomer's handful of pictures splits without an error, alike in any order."""
    found = assign([record(name) for name in sorted(few)], seed=seed)
    assert set(found.of.values()) == set(SPLITS)
    assert found == assign([record(name) for name in sorted(few, reverse=True)], seed=seed)


def test_the_nearest_group_fills_an_empty_split() -> None:
    """Of three groups that hash to train, the two nearest to the bounds go to val and test; growth brings them back."""
    train = sorted(
        (f"t{at}" for at in range(40) if natural(f"t{at}") == "train"), key=lambda n: place_of(f"picture:{n}", 0)
    )
    few = train[:2] + train[-1:]
    found = assign([record(name) for name in few])
    assert found.of == {few[0]: "train", few[1]: "test", few[2]: "val"}
    assert found.moved == {few[1]: "test", few[2]: "val"}
    own = [next(f"x{at}" for at in range(99) if natural(f"x{at}") == split) for split in ("val", "test")]
    grown = assign([record(name) for name in (*few, *own)])
    assert [grown.of[name] for name in few] == ["train"] * 3
    assert not grown.moved


def test_given_splits_are_honoured_for_the_whole_group() -> None:
    """A given split holds for all pictures of its group; the others follow the rule."""
    pictures = many(60)
    odd = [record("g1", "G", "test"), record("g2", "G"), record("v", None, "val")]
    found = assign([*odd, *pictures])
    assert (found.of["g1"], found.of["g2"], found.of["v"]) == ("test", "test", "val")
    assert all(found.of[each.name] == natural(each.name) for each in pictures)


def test_given_splits_can_be_left_aside() -> None:
    """With honour_given=False the rule decides alone."""
    given_all = [record(f"p{at}", split="train") for at in range(30)]
    with pytest.raises(StoreError, match=r"val and test would be empty.*--ignore-given-splits"):
        assign(given_all)
    found = assign(given_all, honour_given=False)
    assert set(found.of.values()) == set(SPLITS)


def test_a_group_with_two_given_splits_is_refused() -> None:
    """The message names the group and both splits."""
    with pytest.raises(SourceError, match="'hero': train and val"):
        assign([record("a", "hero", "train"), record("b", "hero", "val"), *many(9)])


def test_a_picture_and_a_group_of_one_name_are_two() -> None:
    """A lone picture named like a group does not join it."""
    found = assign([record("a", "x"), record("x"), *many(50)])
    assert found.groups == assign([record("a", "x"), record("x"), *many(50)][::-1]).groups
    assert sum(found.groups.values()) == 52


def _in(split: str, prefix: str) -> str:
    return next(f"{prefix}{at}" for at in range(500) if natural(f"{prefix}{at}") == split)


@pytest.mark.parametrize(("one", "other", "together"), [("train", "test", "train"), ("val", "test", "val")])
def test_identical_pictures_share_a_split(one: str, other: str, together: str) -> None:
    """Equal pixels in two groups are reported, and both lie where the earlier split is."""
    a, b = _in(one, "a"), _in(other, "b")
    found = assign([record(a, pixels="same"), record(b, pixels="same"), *many(50)])
    assert found.of[a] == found.of[b] == together
    assert [(each.names, each.splits) for each in found.duplicates] == [((a, b), (together,))]


def test_identical_pictures_tie_groups_in_chains() -> None:
    """A = B and B' = C tie all of A, B and C."""
    pictures = [
        record("a", "A", pixels="p"),
        record("b", "B", pixels="p"),
        record("b2", "B", pixels="q"),
        record("c", "C", pixels="q"),
        *many(50),
    ]
    found = assign(pictures)
    assert len({found.of[name] for name in ("a", "b", "b2", "c")}) == 1


def test_a_given_split_wins_a_tie() -> None:
    """A copy of a given test picture goes to test."""
    a = _in("train", "a")
    found = assign([record(a, pixels="p"), record("fixed", split="test", pixels="p"), *many(50)])
    assert found.of[a] == "test"


def test_a_leak_between_given_splits_is_reported_not_mended() -> None:
    """Given splits stay, and the duplicate names both."""
    found: Splits = assign([record("a", split="train", pixels="p"), record("b", split="test", pixels="p"), *many(50)])
    assert (found.of["a"], found.of["b"]) == ("train", "test")
    assert found.duplicates[0].splits == ("train", "test")


def test_copies_inside_a_group_are_no_leak() -> None:
    """Two equal pictures of one group are not reported."""
    assert not assign([record("a", "G", pixels="p"), record("b", "G", pixels="p"), *many(50)]).duplicates


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_groups_are_refused(count: int) -> None:
    """The message names the empty splits, the number of groups and the way out."""
    with pytest.raises(StoreError, match=rf"would be empty: {count} group.*at least three"):
        assign([record(f"p{at}", f"g{at % count}") for at in range(10)])


def test_another_seed_gives_another_split() -> None:
    """The seed reshuffles."""
    assert assign(many(200)).of != assign(many(200), seed=1).of


@pytest.mark.parametrize("text", ["0.7,0.3", "a,b,c", "0.7,0.2,0.2", "1,0,0", "nan,0.5,0.5", "1.2,-0.1,-0.1", ""])
def test_fractions_that_do_not_split_are_refused(text: str) -> None:
    """Three numbers above 0 that add up to 1."""
    with pytest.raises(UsageError, match="add up to 1"):
        parse_fractions(text)


def test_fractions_are_read() -> None:
    """Spaces do not matter."""
    assert parse_fractions("0.6, 0.2, 0.2") == (0.6, 0.2, 0.2)
