"""Why SLURM refused a script, and the line of the template that is to be mended."""

from __future__ import annotations

import re

from kirie.cluster.template import Script

_PROCESSORS = ("--cpus-per-task", "-c", "--ntasks-per-node", "--ntasks", "-n")
_GPUS = ("--gres", "--gpus", "--gpus-per-node")
_MEMORY = ("--mem", "--mem-per-cpu", "--mem-per-gpu")
_MEANT: dict[str, tuple[str, ...]] = {
    "unable to open file": (),
    "trackable resource": _GPUS,
    "nodes are busy": ("--nodelist", "-w", "--nodes", "-N"),
    "accounting/qos policy": ("--qos", "-q", "--account", "-A", "--time", "-t"),
    "account/partition": ("--account", "-A", "--partition", "-p"),
    "partition configuration": ("--partition", "-p", "--nodes", "-N", "--time", "-t"),
    "partition": ("--partition", "-p"),
    "account": ("--account", "-A"),
    "qos": ("--qos", "-q"),
    "feature": ("--constraint", "-C"),
    "time": ("--time", "-t"),
    "signal": ("--signal",),
    "memory": _MEMORY,
    "gres": _GPUS,
    "gpu": _GPUS,
    "cpu": _PROCESSORS,
    "processor": _PROCESSORS,
    "task": _PROCESSORS,
    "node count": ("--nodes", "-N"),
    "node name": ("--nodelist", "-w", "--exclude", "-x"),
    "node configuration": ("--nodes", "-N", *_PROCESSORS, *_GPUS, *_MEMORY, "--constraint", "-C"),
    "license": ("--licenses", "-L"),
    "reservation": ("--reservation",),
    "dependency": ("--dependency", "-d"),
    "change directory": ("--chdir", "-D"),
}
"""Words of SLURM's reasons, and the options that they are about; the first that fits counts."""


def explain(script: Script, said: str) -> str:
    """A sentence: SLURM's own reason, and the template's line or lines that it is about, as far as can be told."""
    reasons = [re.sub(r"^sbatch: (error: |fatal: )?", "", line).strip() for line in said.splitlines()]
    reasons = [line for line in reasons if line and not line.startswith("Try ")]
    text = "; ".join(dict.fromkeys(reasons)) or "no reason given"
    lines = [
        f"line {origin} (#SBATCH {option}{'=' if value else ''}{value})" for option, value, origin in _of(script, text)
    ]
    place = f" It came from {script.template} {', '.join(lines)}." if lines else f" The template is {script.template}."
    return f"SLURM refused the job: {text.rstrip('.')}.{place}"


def _of(script: Script, said: str) -> list[tuple[str, str, int]]:
    options = list(script.options())
    # An option by its own name, as in "unrecognized option '--foo'" and "Invalid --time specification"
    named = re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", said)
    if found := [entry for entry in options if entry[0] in named]:
        return found
    lowered = said.lower()
    for word, meant in _MEANT.items():
        if word in lowered and (not meant or any(entry[0] in meant for entry in options)):
            return [entry for entry in options if entry[0] in meant]
    return []
