"""`kirie pictures`: which files of a source lie in a split of its store, for commands that take pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kirie.core import command
from kirie.errors import SourceError, StoreError, UsageError
from kirie.formats import open_source
from kirie.formats.base import Entry
from kirie.prepare.store import Store

_SPLITS = ("train", "val", "test")


def main(argv: Sequence[str]) -> int:
    """Runs `kirie pictures`."""
    parser = command.Parser(
        "pictures", "Prints the picture files of a split, one a line:\n  kirie pictures --split test --count 3"
    )
    parser.add_argument("store", nargs="?", type=Path, default=Path("out/store"), help="a store (default: out/store)")
    parser.add_argument("--source", type=Path, default=Path("data"), help="what it was prepared from (default: data)")
    parser.add_argument("--split", choices=_SPLITS, default="test", help="default: test")
    parser.add_argument("--count", type=int, metavar="N", help="that many, spread evenly over the split (default: all)")
    options = parser.parse_args(argv)
    if options.count is not None and options.count < 1:
        raise UsageError(f"--count is {options.count}; allowed is a whole number from 1.")
    found = [str(path) for path in picture_files(options.store, options.source, options.split, options.count)]
    command.result({"split": options.split, "pictures": found}, "\n".join(found), as_json=options.json)
    return 0


def picture_files(store: Path, source: Path, split: str, count: int | None = None) -> list[Path]:
    """The picture files of a split's samples.

    Args:
        store: The store.
        source: The folder it was prepared from.
        split: train, val or test.
        count: How many, spread evenly; None: all.

    Raises:
        StoreError: The store or the split is empty, or the source does not have its pictures.
        SourceError: The source cannot be listed, or a picture lies inside its annotation.
    """
    part = Store.open(store).split(split)
    names = list(dict.fromkeys(part.picture(at).name for at in range(len(part))))
    if not names:
        raise StoreError(f"The split '{split}' of the store {store} is empty.")
    if count is not None and count < len(names):
        names = [names[at * len(names) // count] for at in range(count)]
    opened = open_source(source)
    entries: dict[str, Entry] = {entry.name: entry for entry in opened}
    if missing := [name for name in names if name not in entries]:
        raise StoreError(
            f"The source {source} does not have {len(missing)} of the {len(names)} pictures of the store {store}, "
            f"'{missing[0]}' first; name the folder it was prepared from with --source."
        )
    found = [_on_disk(opened.picture_file(entries[name]).content, name) for name in names]
    # As the source was given: a list that a pipeline keeps is to hold wherever the project lies
    whole = source.resolve()
    return [source / path.relative_to(whole) if path.is_relative_to(whole) else path for path in found]


def _on_disk(content: Path | bytes, name: str) -> Path:
    if isinstance(content, bytes):
        raise SourceError(
            f"The picture of '{name}' lies inside its annotation file; `kirie import` writes it as a file of its own."
        )
    return content
