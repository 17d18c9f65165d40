"""All processes of a training work out the same host and port, and a name that does not resolve is named."""

from __future__ import annotations

import pytest

from kirie.cluster.meeting import Meeting, first_node, meeting_of
from kirie.cluster.place import Place
from kirie.errors import DeviceError

STEP = Place(1, 2, 0, "slurm", 1, 1, 2)


@pytest.mark.parametrize(
    ("nodes", "first"),
    [
        ("n1", "n1"),
        ("gpu[07-09,12],cpu1", "gpu07"),
        ("a[3]b,c", "a3b"),
        ("rack[1-2]node[01-08]", "rack1node01"),
        ("localhost,n2", "localhost"),
        ("", ""),
    ],
)
def test_the_first_of_a_list_of_nodes(nodes: str, first: str) -> None:
    """SLURM's short form is read as far as its first name, zeros kept."""
    assert first_node(nodes) == first


def test_under_srun_the_step_says_where() -> None:
    """The step's first node before the job's, and a port of job and step that every process works out alike."""
    environ = {"SLURM_STEP_NODELIST": "localhost", "SLURM_JOB_NODELIST": "other[1-2]", "SLURM_JOB_ID": "9"}
    found = [meeting_of(STEP, environ | {"SLURM_STEP_ID": step}) for step in ("0", "0", "1")]
    assert found[0] == found[1]
    assert (found[0].host, found[0].named_by) == ("localhost", "SLURM_STEP_NODELIST")
    assert found[0].port != found[2].port
    assert all(1024 < meeting.port < 32768 for meeting in found)


def test_the_user_may_say_where() -> None:
    """MASTER_ADDR and MASTER_PORT go before what SLURM says."""
    environ = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "4711", "SLURM_JOB_NODELIST": "other[1-2]"}
    assert meeting_of(STEP, environ) == Meeting("127.0.0.1", 4711, "MASTER_ADDR")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"MASTER_ADDR": "no.such.host.invalid"}, "'no.such.host.invalid' from MASTER_ADDR does not resolve"),
        ({"SLURM_JOB_NODELIST": "nowhere[3-4].invalid"}, "'nowhere3.invalid' from SLURM_JOB_NODELIST.*set MASTER_ADDR"),
        ({}, "SLURM_JOB_NODELIST does not say where"),
        ({"MASTER_ADDR": "localhost", "MASTER_PORT": "many"}, "MASTER_PORT is 'many'"),
    ],
)
def test_what_cannot_be_a_meeting_is_named(environ: dict[str, str], named: str) -> None:
    """The sentence has the name and the variable that sets it."""
    with pytest.raises(DeviceError, match=named):
        meeting_of(STEP, environ)
