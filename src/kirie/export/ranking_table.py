"""The ranking of runs as a table for a person."""

from __future__ import annotations

import math

from kirie.core import command
from kirie.export.choice import Ranked, Selection
from kirie.export.constraint import MEASURED


def ranking_table(selection: Selection) -> str:
    """The ranking, which run was chosen and why, as text of at most 132 columns."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    question = selection.question
    images = len(selection.chosen.candidate.table.images)
    table = Table(
        title=f"{len(selection.ranking)} runs by {escape(question.metric)} on {question.split}, {images} images",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("")
    table.add_column("run", overflow="fold")
    for name in (question.metric, "95 %", "behind the best", "parameters", "ms", "images/s"):
        table.add_column(escape(name), justify="right")
    table.add_column("")
    for one in selection.ranking:
        table.add_row(
            "→" if one is selection.chosen else "",
            escape(one.candidate.name),
            f"{one.score:.4f}",
            f"{one.interval[0]:.3f} to {one.interval[1]:.3f}" if math.isfinite(one.interval[0]) else "-",
            "" if one is selection.best else _behind(one),
            *_measured(one),
            _remark(one, selection),
        )
    console = Console(file=command.Page(), width=command.width(132))
    with console.capture() as captured:
        console.print(table)
    lines = [captured.get().rstrip(), "", selection.reason]
    lines += [f"Left out: {one.name} ({one.id}), because {one.reason}." for one in selection.left_out]
    return "\n".join(lines)


def _behind(one: Ranked) -> str:
    return f"{one.behind:+.4f}" + (f" ± {one.behind_error:.4f}" if math.isfinite(one.behind_error) else "")


def _measured(one: Ranked) -> list[str]:
    shown = {
        "parameters": lambda value: f"{value / 1e6:.2f} M",
        "latency_ms": lambda value: f"{value:.1f}",
        "images_per_s": lambda value: f"{value:.1f}",
    }
    values = [(name, one.candidate.measured.get(name)) for name in MEASURED]
    return ["-" if value is None else shown[name](value) for name, value in values]


def _remark(one: Ranked, selection: Selection) -> str:
    if one.broken:
        return f"not {', '.join(map(str, one.broken))}"
    if one is selection.best:
        return "best"
    return "as good" if one.tied else ""
