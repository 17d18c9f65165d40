"""The sweeps of a folder, and the one that a name means."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from kirie.errors import SweepError
from kirie.sweep.folder import SweepFolder
from kirie.sweep.wandb_sweep import SUFFIX, WandbSweep, wandb_folder

PLACE = Path("sweeps")

CONFIG_DIR = "folder with train.yaml (default: the one that the sweep was begun with, else conf/ here)"
"""Help on --config-dir of a sweep that is there."""


def add_place(parser: argparse.ArgumentParser) -> None:
    """Adds the option that says where sweeps lie."""
    parser.add_argument("--sweeps", type=Path, default=PLACE, metavar="DIR", help="where sweeps lie (default: sweeps)")


def all_sweeps(place: Path) -> list[SweepFolder]:
    """The sweeps of a folder, by name."""
    if not place.is_dir():
        return []
    return [found for path in sorted(place.iterdir()) if (found := SweepFolder(path)).record.is_file()]


def wandb_sweeps(place: Path) -> list[tuple[str, SweepFolder]]:
    """The names and folders of the sweeps that were started at W&B from here."""
    if not place.is_dir():
        return []
    found = (SweepFolder(path) for path in sorted(place.glob(f"*{SUFFIX}")))
    return [(folder.path.name.removesuffix(SUFFIX), folder) for folder in found if folder.wandb.is_file()]


def find_sweep(name: str, place: Path) -> SweepFolder:
    """The sweep of a name, or in a folder.

    Raises:
        SweepError: There is none.
    """
    for path in (place / name, Path(name)):
        if SweepFolder(path).record.is_file():
            return SweepFolder(path)
    if (there := wandb_folder(place, name)).wandb.is_file():
        found = WandbSweep.read(there)
        raise SweepError(f"The sweep '{name}' was started at W&B, which shows how it stands: {found.url}")
    names = [sweep.name for sweep in all_sweeps(place)]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    known = f"There are {', '.join(names)}." if names else "There is none yet; `kirie sweep FILE` starts one."
    raise SweepError(f"There is no sweep '{name}' in {place}.{hint} {known}")
