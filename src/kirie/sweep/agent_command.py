"""`kirie sweep agent`: one agent of W&B for a sweep that was registered there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kirie.core import command
from kirie.errors import SweepError
from kirie.sweep.agent import run_agent
from kirie.sweep.folder import SweepFolder
from kirie.sweep.sweeps import add_place
from kirie.sweep.wandb_sweep import WandbSweep, check_reachable, wandb_folder

_DESCRIPTION = """Runs one `wandb agent` for a sweep that `kirie sweep FILE --engine wandb` has registered.

It stays until W&B says that the sweep is over. `wandb agent ENTITY/PROJECT/ID` by hand does the same.

Told to end (Ctrl+C, SIGTERM, a cluster's signals), it has the running trial save, and leaves. A trial that is started
again goes on from there."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sweep agent`."""
    parser = command.Parser("sweep agent", _DESCRIPTION)
    parser.add_argument("name", help="the sweep's name or folder")
    add_place(parser)
    options = parser.parse_args(argv)
    folder = SweepFolder(Path(options.name))
    if not folder.wandb.is_file():
        folder = wandb_folder(options.sweeps, options.name)
    sweep = WandbSweep.read(folder)
    check_reachable("An agent asks W&B for its trials")
    code = run_agent(folder, sweep)
    if code:
        raise SweepError(f"The agent of {sweep.path} gave up (exit code {code}); its last lines above say why.")
    command.result({"sweep": sweep.path, "url": sweep.url}, f"agent of {sweep.path} has left", as_json=options.json)
    return 0
