"""Why SLURM refused a script, with the line of the template that is to be mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.cluster.refusal import explain
from kirie.cluster.template import Lines, fill

HEAD = "#!/bin/bash\n"
FAILED = "sbatch: error: Batch job submission failed: "


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Invalid "
            "partition name specified",
            "Invalid partition name specified. It came from {} line 2 (#SBATCH --partition=x).",
        ),
        (
            "sbatch: unrecognized option '--foo'\nTry \"sbatch --help\" for more information",
            "unrecognized option '--foo'. It came from {} line 5 (#SBATCH --foo=1).",
        ),
        ("sbatch: error: Invalid --time specification", "It came from {} line 3 (#SBATCH --time=abc)."),
        (
            "sbatch: error: Batch job submission failed: Requested node configuration is not available",
            "It came from {} line 4 (#SBATCH --nodes=9), line 4 (#SBATCH --mem=1T).",
        ),
        ("sbatch: error: Batch job submission failed: Access denied", "Access denied. The template is {}."),
        (FAILED + "Requested nodes are busy", "It came from {} line 4 (#SBATCH --nodes=9)."),
        ("", "no reason given. The template is {}."),
    ],
)
def test_a_refusal_names_the_line(said: str, told: str, tmp_path: Path) -> None:
    """SLURM's own reason, once, and the template's line that it is about, as far as that can be told."""
    template = tmp_path / "job.sbatch"
    template.write_text(
        HEAD + "#SBATCH --partition={{x}}\n#SBATCH --time=abc\n#SBATCH --nodes=9 --mem=1T\n#SBATCH {{extra}}\n"
    )
    script = fill(template, {"x": "x", "extra": Lines(["--foo=1"])})
    found = explain(script, said)
    assert found.startswith("SLURM refused the job: ")
    assert found.endswith(told.format(tmp_path / "job.sbatch")), found


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("More processors requested than permitted", {"--cpus-per-task", "--ntasks-per-node"}),
        ("Invalid Trackable RESource (TRES) specification", {"--gres"}),
        ("CPU count specification invalid", {"--cpus-per-task", "--ntasks-per-node"}),
        ("Too many tasks requested for node", {"--cpus-per-task", "--ntasks-per-node"}),
        ("Task count specification invalid", {"--cpus-per-task", "--ntasks-per-node"}),
        (
            "Requested node configuration is not available",
            {"--nodes", "--cpus-per-task", "--ntasks-per-node", "--gres", "--mem", "--constraint"},
        ),
        ("Requested partition configuration not available now", {"--partition", "--nodes", "--time"}),
        ("Invalid qos specification", {"--qos"}),
        (
            "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
            {"--qos", "--account", "--time"},
        ),
        ("Requested time limit is invalid (missing or exceeds some limit)", {"--time"}),
        ("Memory required by task is not available", {"--mem"}),
        ("Invalid generic resource (gres) specification", {"--gres"}),
        ("Invalid account or account/partition combination specified", {"--account", "--partition"}),
        ("Invalid partition name specified", {"--partition"}),
        ("Invalid feature specification", {"--constraint"}),
        ("Node count specification invalid", {"--nodes"}),
        ("Unable to open file /gpu/account/job.sbatch", set()),
    ],
)
def test_slurms_usual_refusals_are_known(said: str, lines: set[str], tmp_path: Path) -> None:
    """The words of slurm_errno, each with all lines that it may be about, and no other."""
    template = tmp_path / "job.sbatch"
    options = [
        "partition",
        "account",
        "qos",
        "constraint",
        "time",
        "nodes",
        "ntasks-per-node",
        "gres",
        "cpus-per-task",
        "mem",
    ]
    template.write_text(HEAD + "".join(f"#SBATCH --{option}=1\n" for option in options))
    found = explain(fill(template, {}), FAILED + said)
    assert {f"--{option}" for option in options if f"(#SBATCH --{option}=1)" in found} == lines, found


def test_the_particular_reason_counts_before_the_general_one(tmp_path: Path) -> None:
    """SLURM says both."""
    template = tmp_path / "job.sbatch"
    template.write_text(HEAD + "#SBATCH --nodes=1\n#SBATCH --mem=9T\n")
    general = FAILED + "Requested node configuration is not available"
    found = explain(fill(template, {}), f"sbatch: error: Memory specification can not be satisfied\n{general}")
    assert found.endswith(f"It came from {template} line 3 (#SBATCH --mem=9T)."), found
