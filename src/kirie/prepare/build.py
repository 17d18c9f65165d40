"""From a source to a store: plan, reuse, read, check, split, publish."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from kirie.core import files
from kirie.core.labels import LabelSet
from kirie.errors import SourceError, StoreError
from kirie.formats.strict import refuse_mended
from kirie.prepare.attempt import Attempt, Reuse, alone
from kirie.prepare.journal import read_journal
from kirie.prepare.layout import POINTER, REPORT, Frame
from kirie.prepare.plan import Planned, Readable, plan
from kirie.prepare.record import Record
from kirie.prepare.report import describe
from kirie.prepare.rows import rows_per_shard
from kirie.prepare.split import FRACTIONS, Splits, assign
from kirie.prepare.store import Store
from kirie.prepare.work import Done, Failed, prepare_all, prepare_one
from kirie.prepare.writer import clean, contents, counted, publish

_LINES = 20
"""Problems listed in one message."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many."""


def _silent(_what: str, _done: int, _total: int) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is prepared.

    Attributes:
        frame: Size, mode and instances.
        fractions: Shares of train, val and test, by groups.
        seed: Another seed gives another split.
        honour_given: Whether splits that the source gives count.
        workers: Processes that read pictures; it changes nothing in the store.
        per_shard: Rows in a shard; as many as 256 MiB hold by default.
        strict: Refuse pictures of which something had to be mended.
    """

    frame: Frame
    fractions: tuple[float, float, float] = FRACTIONS
    seed: int = 0
    honour_given: bool = True
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    per_shard: int | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done.

    Attributes:
        store: The store.
        report: Its content for people; see `report.describe`.
        changed: Whether store.json was replaced.
        read: Pictures that were read.
        reused: Pictures whose rows were there already.
    """

    store: Store
    report: dict[str, object]
    changed: bool
    read: int
    reused: int


def prepare(source: Readable, out: Path, options: Options, progress: Progress = _silent) -> Outcome:
    """Prepares a source; what an earlier or interrupted run did is used again.

    Args:
        source: The source.
        out: The store's folder.
        options: How.
        progress: Told about progress.

    Raises:
        SourceError: Pictures or annotations cannot be used, or had to be mended: all of them in one message.
        StoreError: The source is empty, a split would be, or training has fewer than two labels.
        UsageError: The folder holds something else than a store.
        DeviceError: The disk is full, or a worker was killed.
    """
    hashed = 0

    def tick() -> None:
        nonlocal hashed
        hashed += 1
        progress("checking", hashed, len(source.entries))

    todo = plan(source, options.frame, options.workers, tick)
    per_shard = options.per_shard or rows_per_shard(options.frame.size)
    with alone(out):
        done = _unchanged(source.labels, out, options, per_shard, todo)
        if done is not None:
            return done
        with Attempt(out, options.frame, per_shard, todo) as attempt:
            # After the attempt, which may have set aside what it could not continue
            reuse = Reuse(out, options.frame)
            read = _fill(source, options, todo, reuse, attempt, progress)
            records = attempt.records
            if options.strict:
                refuse_mended({record.name: record.notes for record in records})
            splits = _split(records, options)
            _check_labels(source.labels, records, splits)
            attempt.finish()
        store = publish(out, source.labels, options.frame, per_shard, records, splits.of)
        report = describe(source.labels, store.frame, records, splits)
        _write_report(out, report)
        return Outcome(store, report, True, read, len(todo) - read)


def _unchanged(
    labels: LabelSet, out: Path, options: Options, per_shard: int, todo: Sequence[Planned]
) -> Outcome | None:
    """The present store, if it is what preparing would write."""
    try:
        store = Store.open(out)
    except StoreError:
        return None
    written = read_journal(store.folder, options.frame)
    if written is None or [record.key for record in written.records] != [planned.key for planned in todo]:
        return None
    if options.strict:
        refuse_mended({record.name: record.notes for record in written.records})
    splits = _split(written.records, options)
    pointer, _index = contents(labels, options.frame, per_shard, written.records, splits.of)
    if pointer.folder != store.folder.name:
        return None
    # Colours and the like may have changed while no pixel did
    changed = files.read_json(out / POINTER, StoreError, "The store's record") != pointer.to_dict()
    if changed:
        files.write_json(out / POINTER, pointer.to_dict())
        store = Store.open(out)
    clean(out, keep=store.folder)
    report = describe(labels, store.frame, written.records, splits)
    _write_report(out, report)
    return Outcome(store, report, changed, 0, len(todo))


def _fill(
    source: Readable,
    options: Options,
    todo: Sequence[Planned],
    reuse: Reuse,
    attempt: Attempt,
    progress: Progress,
) -> int:
    """Writes what the attempt lacks.

    Returns:
        How many pictures were read.

    Raises:
        SourceError: Pictures cannot be used.
    """
    kept = len(attempt.records)
    rest = todo[kept:]
    lacking = [planned for planned in rest if not reuse.has(planned.key)]
    problems: list[Failed] = []
    read = 0
    progress("preparing", kept, len(todo))
    with closing(prepare_all(source, options.frame, lacking, options.workers)) as fresh:
        for at, planned in enumerate(rest, start=kept + 1):
            row = _reused(reuse, planned)
            if row is None:
                read += 1
                # Rows that were promised and prove damaged are not among the fresh ones
                outcome = prepare_one(source, options.frame, planned) if reuse.has(planned.key) else next(fresh)
                if isinstance(outcome, Failed):
                    problems.append(outcome)
                else:
                    row = outcome
            if row is not None:
                attempt.add(row.record, row.pixels)
            progress("preparing", at, len(todo))
    if problems:
        raise SourceError(_all(problems, len(todo), source.labels))
    return read


def _reused(reuse: Reuse, planned: Planned) -> Done | None:
    found = reuse.load(planned.key)
    return None if found is None else Done(*found)


def _split(records: Sequence[Record], options: Options) -> Splits:
    return assign(records, options.fractions, options.seed, honour_given=options.honour_given)


def _check_labels(labels: LabelSet, records: Sequence[Record], splits: Splits) -> None:
    counts = counted(records, splits.of, "train", len(labels))
    present = [label.name for label, count in zip(labels, counts, strict=True) if count]
    if len(present) < 2:
        found = f"only the label '{present[0]}'" if present else "no label at all"
        raise StoreError(
            f"The training pictures hold {found}, and a model needs at least two to tell apart. The label set has "
            f"{', '.join(labels.names)}; check that the label file fits the annotations, and that regions are drawn."
        )


def _all(problems: Sequence[Failed], total: int, labels: LabelSet) -> str:
    """All problems of all pictures in one message, unknown labels first and together."""
    parts: list[str] = []
    unknown = [failed for failed in problems if failed.unknown]
    if unknown:
        first = {name: failed.name for failed in reversed(unknown) for name in failed.unknown}
        where = ", ".join(f"'{name}' first in '{first[name]}'" for name in sorted(first)[:_LINES])
        parts.append(f"{labels.unknown(first)}\n({len(unknown)} picture(s): {where})")
    broken = [failed for failed in problems if not failed.unknown]
    if broken:
        lines = [f"  {failed.name}: {failed.problem}" for failed in broken[:_LINES]]
        if len(broken) > _LINES:
            lines.append(f"  ... and {len(broken) - _LINES} more")
        parts.append(f"{len(broken)} of {total} pictures cannot be prepared:\n" + "\n".join(lines))
    return "\n".join([*parts, "Nothing was changed; mend or remove these and repeat, finished pictures are kept."])


def _write_report(out: Path, report: dict[str, object]) -> None:
    path = out / REPORT
    try:
        if json.loads(path.read_bytes()) == report:
            return
    except (OSError, ValueError):
        pass
    files.write_json(path, report)
