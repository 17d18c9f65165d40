"""`kirie sweep work`: one worker of a sweep, on this machine, with the devices that its environment gives it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from kirie.core import command
from kirie.sweep.companion import Companion
from kirie.sweep.devices import Share
from kirie.sweep.plan import Setting
from kirie.sweep.record import SweepRecord
from kirie.sweep.spec import SweepSpec
from kirie.sweep.sweeps import CONFIG_DIR, add_place, find_sweep
from kirie.sweep.worker import Worked, work

_DESCRIPTION = """Works for a sweep that was started: takes trials one after the other until nothing is left to do.

Workers may join and leave at any time, from every machine that shares the folder. The trials use the devices that
CUDA_VISIBLE_DEVICES names, or OMP_NUM_THREADS threads. `kirie sweep FILE` starts workers itself."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sweep work`."""
    parser = command.Parser("sweep work", _DESCRIPTION)
    parser.add_argument("name", help="the sweep's name or folder")
    parser.add_argument("--no-reuse", action="store_true", help="train also what other runs have trained already")
    parser.add_argument("--config-dir", type=Path, help=CONFIG_DIR)
    parser.add_argument(
        "--launch", default="", metavar="WORDS", help="words before a trial's command, as `srun --nodes=2`"
    )
    add_place(parser)
    options = parser.parse_args(argv)
    folder = find_sweep(options.name, options.sweeps)
    spec = SweepSpec.read(folder.spec)
    record = SweepRecord.read(folder)
    companion = Companion.read(folder.companion if folder.companion.is_file() else None, spec)
    threads = os.environ.get("OMP_NUM_THREADS", "")
    share = Share(None, int(threads) if threads.isdecimal() else companion.resources.cpus)
    setting = Setting(
        folder=folder,
        spec=spec,
        companion=companion,
        share=share,
        config_dir=record.conf(options.config_dir),
        launch=tuple(shlex.split(options.launch)),
        reuse=not options.no_reuse,
        ground=record.ground,
    )
    worked = work(setting)
    content = {"sweep": folder.name, "worker": worked.name, "over": worked.over, "outcomes": worked.outcomes}
    command.result(content, _as_text(folder.name, worked), as_json=options.json)
    return 0


def _as_text(name: str, worked: Worked) -> str:
    did = ", ".join(f"{count} {outcome}" for outcome, count in worked.outcomes.items()) or "no trial"
    return f"worker {worked.name} leaves sweep {name}: {did}" + ("; the sweep is over" if worked.over else "")
