"""A cluster's settings: read, overridden, checked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kirie.cluster.settings import ClusterSettings, clusters, load_cluster, seconds_of
from kirie.errors import ClusterError, UsageError

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.mark.parametrize("name", clusters(CONF))
def test_shipped_clusters_are_read(name: str) -> None:
    """Each file of conf/cluster has every setting, and each with a value that is allowed."""
    assert isinstance(load_cluster(name, [], CONF), ClusterSettings)


def test_overrides_change_one_setting() -> None:
    """Values are YAML; a time stays text; a variable may be new; numbers of a text setting are text."""
    found = load_cluster(
        "local",
        [
            "cluster.time=1:30",
            "cluster.mem=64",
            "cluster.extra=[--exclusive, --mail-type=FAIL]",
            "cluster.environment.NAME=a b",
            "cluster.repro.poll=7",
            "cluster.partition=null",
        ],
        CONF,
    )
    assert (found.time, found.mem, found.partition) == ("1:30", "64", None)
    assert found.extra == ("--exclusive", "--mail-type=FAIL")
    assert found.environment == {"OMP_NUM_THREADS": "1", "NAME": "a b"}
    assert found.repro.poll == 7


@pytest.mark.parametrize(
    ("override", "error", "message"),
    [
        ("cluster.partitio=x", UsageError, r"no setting 'cluster\.partitio'\. Did you mean 'cluster\.partition'\?"),
        ("cluster.repro.x=1", UsageError, r"no setting 'cluster\.repro\.x'"),
        ("cluster.time.x=1", UsageError, r"no setting 'cluster\.time\.x'"),
        ("cluster.time=soon", ClusterError, "allowed are SLURM's forms"),
        ("cluster.repro.time=1:2:3:4", ClusterError, r"repro\.time is '1:2:3:4'"),
        ("cluster.mem=lots", ClusterError, r"cluster\.mem is 'lots'; allowed is a number with K, M, G or T"),
        ("cluster.cpus_per_task=0", ClusterError, "allowed is a whole number from 1"),
        ("cluster.cpus_per_task=true", ClusterError, r"cpus_per_task is True; allowed is a whole number"),
        ("cluster.max_restarts=-1", ClusterError, "allowed is a whole number from 0"),
        ("cluster.max_restarts=1.5", ClusterError, r"max_restarts is '1\.5'"),
        ("cluster.signal_lead=3600", ClusterError, "must come before the time is up"),
        ("cluster.extra=--exclusive", ClusterError, "allowed is a list"),
        ("cluster.extra=[--test-only]", ClusterError, "would not send this one job"),
        ("cluster.extra=[--wrap=x]", ClusterError, "would not send this one job"),
        ("cluster.extra=[exclusive]", ClusterError, "allowed are options of sbatch"),
        ("cluster.modules=[{a: b}]", ClusterError, "allowed is text on one line"),
        ('cluster.partition="a\\nb"', ClusterError, "allowed is text on one line"),
        ("cluster.partition=", ClusterError, "cluster"),
        ("cluster.environment={A=B: x}", ClusterError, "names the variable 'A=B'"),
        ("cluster.environment=[A]", ClusterError, "allowed is names with values"),
        ("cluster.extra=[", ClusterError, r"The value of cluster\.extra is not YAML"),
        ("cluster.time=!!python/object:os.system {}", ClusterError, "is not YAML"),
    ],
)
def test_a_wrong_value_is_one_sentence(override: str, error: type[Exception], message: str) -> None:
    """It names the setting, what was found and what is allowed."""
    if override == "cluster.partition=":
        # Empty is null in YAML: the line is left out
        assert load_cluster("local", [override], CONF).partition is None
        return
    with pytest.raises(error, match=message):
        load_cluster("local", [override], CONF)


def test_a_file_that_lacks_or_invents_settings_is_told(tmp_path: Path) -> None:
    """A missing setting and an unknown one are named; so are a damaged file and a name that is not there."""
    place = tmp_path / "cluster" / "mine.yaml"
    place.parent.mkdir()
    whole = yaml.safe_load((CONF / "cluster" / "local.yaml").read_text(encoding="utf-8"))
    for content, message in (
        ({key: value for key, value in whole.items() if key != "mem"}, "settings lack mem"),
        (whole | {"queue": "x"}, "no setting queue"),
        (whole | {"repro": {**whole["repro"], "node": 1}}, r"no setting repro\.node"),
        ([1], "is not a mapping"),
    ):
        place.write_text(yaml.safe_dump(content), encoding="utf-8")
        with pytest.raises(ClusterError, match=message):
            load_cluster("mine", [], tmp_path)
    place.write_text(yaml.safe_dump(whole | {"mem": "lots"}), encoding="utf-8")
    with pytest.raises(ClusterError, match=r"cluster\.mem is 'lots'.* It stands in .*mine\.yaml\."):
        load_cluster("mine", [], tmp_path)
    with pytest.raises(ClusterError, match=r"cluster\.mem is 'most'; .*or null\.$"):
        load_cluster("mine", ["cluster.mem=most"], tmp_path)
    (place.parent / "folder.yaml").mkdir()
    with pytest.raises(ClusterError, match=r"folder\.yaml cannot be read \(Is a directory\)"):
        load_cluster("folder", [], tmp_path)
    (place.parent / "folder.yaml").rmdir()
    place.write_text("a: [", encoding="utf-8")
    with pytest.raises(ClusterError, match=r"mine\.yaml is not YAML"):
        load_cluster("mine", [], tmp_path)
    with pytest.raises(ClusterError, match=r"no cluster 'min' .*Did you mean 'mine'\? Allowed are mine"):
        load_cluster("min", [], tmp_path)
    with pytest.raises(ClusterError, match="Allowed are none yet"):
        load_cluster("mine", [], tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        ("90", 5400),
        ("1:30", 90),
        ("02:00:00", 7200),
        ("2-12", 216000),
        ("1-0:30", 88200),
        ("1-00:00:05", 86405),
        ("0", float("inf")),
        ("UNLIMITED", float("inf")),
    ],
)
def test_time_limits_are_read_as_slurm_does(limit: str, seconds: float) -> None:
    """Alone a number is minutes, two are minutes and seconds, after days it is hours."""
    assert seconds_of("time", limit) == seconds
