"""`kirie sweep list`: the sweeps of a folder, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kirie.core import command
from kirie.errors import SweepError
from kirie.sweep.status import status_of
from kirie.sweep.status_table import headline
from kirie.sweep.sweeps import add_place, all_sweeps, wandb_sweeps
from kirie.sweep.wandb_sweep import WandbSweep


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sweep list`."""
    parser = command.Parser("sweep list", "Lists the sweeps here, a line each.")
    add_place(parser)
    options = parser.parse_args(argv)
    lines: list[str] = []
    content: list[dict[str, Any]] = []
    for folder in all_sweeps(options.sweeps):
        try:
            status = status_of(folder)
        except SweepError as error:
            lines.append(f"sweep {folder.name}: {error}")
            content.append({"sweep": folder.name, "error": str(error)})
            continue
        lines.append(headline(status))
        content.append(
            {"sweep": folder.name, "counts": dict(status.counts), "total": status.total, "over": status.over}
        )
    for name, folder in wandb_sweeps(options.sweeps):
        try:
            url = WandbSweep.read(folder).url
        except SweepError as error:
            lines.append(f"sweep {name} at W&B: {error}")
            content.append({"sweep": name, "error": str(error)})
            continue
        lines.append(f"sweep {name} at W&B: {url}")
        content.append({"sweep": name, "url": url})
    command.result({"sweeps": content}, "\n".join(lines) or f"no sweeps in {options.sweeps}", as_json=options.json)
    return 0
