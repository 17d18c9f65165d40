"""`kirie select`: chooses the best run, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kirie.core import command
from kirie.errors import UsageError
from kirie.export.constraint import Constraint

_MOST_RESAMPLES = 100_000


def main(argv: Sequence[str]) -> int:
    """Runs `kirie select`."""
    parser = command.Parser(
        "select",
        "Chooses among runs on the validation split, so that the test split stays untouched by the choice.\n"
        "By default: the cheapest of the runs whose score is within one standard error of the best, where the error\n"
        "is that of the difference, resampled over the same images.",
    )
    parser.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUNS",
        help="run folders, folders that `kirie evaluate` wrote, or folders of them; those of one run are joined",
    )
    parser.add_argument(
        "--named",
        action="append",
        default=[],
        metavar="FILE:KEY",
        help="of the folders in RUNS only those that a list in a YAML file names, as conf/pipeline.yaml:models, "
        "or conf/pipeline.yaml:sweep.files=sweep-* for names with something around; "
        "may be repeated",
    )
    parser.add_argument(
        "--metric", default="miou", help="the score that decides: miou, dice, iou/eye, map, pq, ... (miou)"
    )
    parser.add_argument("--split", choices=("val", "test"), default="val", help="the split it is taken on (val)")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="BOUND",
        help="a bound to keep, such as 'parameters<5e6' or 'latency_ms<40'; may be repeated",
    )
    parser.add_argument("--rule", choices=("one-se", "best"), default="one-se", help="how to choose (one-se)")
    parser.add_argument(
        "--cheapest", choices=("parameters", "latency_ms"), default="parameters", help="what cheap means (parameters)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out/best.json"), metavar="FILE", help="where to write (out/best.json)"
    )
    parser.add_argument("--resamples", type=int, default=2000, help="draws of the bootstrap (2000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (0)")
    parser.add_argument(
        "--allow-different-data", action="store_true", help="compare runs that were trained on different stores, too"
    )
    options = parser.parse_args(argv)
    if not 100 <= options.resamples <= _MOST_RESAMPLES:
        raise UsageError(
            f"--resamples is {options.resamples}; allowed is a whole number from 100 to {_MOST_RESAMPLES}."
        )
    if options.seed < 0:
        raise UsageError(f"--seed is {options.seed}; allowed is a whole number from 0.")
    bounds = tuple(Constraint.parse(text) for text in options.where)

    from kirie.export.best_file import check_place, write_best
    from kirie.export.candidates import find_candidates
    from kirie.export.choice import Question
    from kirie.export.named import named_folders
    from kirie.export.ranking_table import ranking_table
    from kirie.export.select import select

    check_place(options.out)
    question = Question(
        options.metric,
        options.split,
        options.rule,
        options.cheapest,
        bounds,
        options.resamples,
        options.seed,
        options.allow_different_data,
    )
    runs = named_folders(options.runs, options.named) if options.named else options.runs
    candidates, left_out = find_candidates(runs, options.split)
    selection = select(candidates, left_out, question)
    content = write_best(options.out, selection)
    command.result(content, f"{ranking_table(selection)}\nWritten to {options.out}.", as_json=options.json)
    return 0
