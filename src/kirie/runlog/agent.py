"""A training under `wandb agent`: the agent says which W&B run it is, and kirie which run folder.

W&B's server makes a trial's run, with an id of its own, before the training starts, and its client takes no other one
while a sweep is named. So the log goes into that run, and the folder keeps the id that is made of content; see
docs/decisions/0004. Offline there is no such run, and an upload that names the sweep would be refused.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

SWEEP, RUN, PARAMETERS = "WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH"
"""What an agent sets: its sweep, the trial's W&B run, and the file that holds the trial's parameters."""


def given_run(environ: Mapping[str, str] | None = None) -> str | None:
    """The W&B run that an agent gave this process, or None without an agent."""
    environ = os.environ if environ is None else environ
    return environ.get(RUN) or None if environ.get(SWEEP) else None


@contextlib.contextmanager
def without_agent() -> Iterator[None]:
    """Inside the block no sweep is named, so that an offline run has kirie's own id and can be uploaded later."""
    taken = {name: os.environ.pop(name) for name in (SWEEP, RUN) if name in os.environ}
    try:
        yield
    finally:
        os.environ |= taken


def exit_code(code: int) -> int:
    """What a training that was told to stop ends with.

    Stopping trials early is an agent's daily work, but one that ends with 130 or 143 is a failure to it, and after a
    few of those the agent itself gives up.
    """
    return 0 if given_run() is not None and code in {130, 143} else code
