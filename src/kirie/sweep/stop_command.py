"""`kirie sweep stop`: the workers end, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence

from kirie.core import command
from kirie.sweep.ledger import Ledger
from kirie.sweep.stopping import Stop, ask_to_stop
from kirie.sweep.sweeps import add_place, find_sweep

_DESCRIPTION = """Stops a sweep: no trial begins any more, and those that run go on to their end.

With --now they save and wait to be taken up. `kirie sweep FILE` goes on where it stopped."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sweep stop`."""
    parser = command.Parser("sweep stop", _DESCRIPTION)
    parser.add_argument("name", help="the sweep's name or folder")
    parser.add_argument("--now", action="store_true", help="running trials save and wait, instead of going on")
    add_place(parser)
    options = parser.parse_args(argv)
    folder = find_sweep(options.name, options.sweeps)
    running = sum(trial.state == "running" for trial in Ledger.open(folder).trials())
    how: Stop = "now" if options.now else "finish"
    ask_to_stop(folder, how)
    left = "save and wait" if options.now else "go on to their end"
    words = f"sweep {folder.name} stops: {running} running trials {left}, no further one begins"
    command.result({"sweep": folder.name, "stop": how, "running": running}, words, as_json=options.json)
    return 0
