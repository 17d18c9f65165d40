"""`kirie submit`: the table of what can be sent to a cluster, loaded on use."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence

from kirie.core import command
from kirie.errors import UsageError

SUBMITTABLE: dict[str, tuple[str, str]] = {
    "train": ("kirie.train.submit_train:main", "one training, as a job"),
    "sweep": ("kirie.sweep.submit_command:main", "a sweep, its workers as an array of jobs"),
    "repro": ("kirie.train.submit_repro:main", "the pipeline of dvc.yaml, its trainings as jobs beside each other"),
}

_HELP = """usage: kirie submit WHAT [options] cluster=NAME

Sends work to a SLURM cluster, whose settings are conf/cluster/NAME.yaml and whose batch scripts are in slurm/.

what can be sent:
{rows}

`kirie submit WHAT --help` tells its options. `kirie runs` shows what became of it."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie submit`."""
    if not argv or argv[0] in {"-h", "--help"}:
        rows = "\n".join(f"  {name:<8} {words}" for name, (_, words) in SUBMITTABLE.items())
        command.say(_HELP.format(rows=rows))
        return 0
    if argv[0] not in SUBMITTABLE:
        near = difflib.get_close_matches(argv[0], SUBMITTABLE, n=1)
        hint = f" Did you mean `kirie submit {near[0]}`?" if near else ""
        raise UsageError(
            f"`kirie submit` does not know '{argv[0]}'.{hint} It sends {' or '.join(SUBMITTABLE)}: "
            "`kirie submit train model=fpn cluster=NAME`."
        )
    module, _, function = SUBMITTABLE[argv[0]][0].partition(":")
    found: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    return found(argv[1:])
