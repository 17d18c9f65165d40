"""Filling in batch scripts: quoting, lines that go or repeat, and mistakes with their line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kirie.cluster.template import CLONE, Lines, Script, Value, Words, fill, find_template
from kirie.errors import ClusterError

HEAD = "#!/bin/bash\n"


def _fill(tmp_path: Path, text: str, **values: Value) -> Script:
    template = tmp_path / "job.sbatch"
    template.write_text(text, encoding="utf-8")
    return fill(template, values)


def test_a_line_without_a_value_goes_and_one_with_several_repeats(tmp_path: Path) -> None:
    """Comments stay as they are, shell variables too, and every line knows where it came from."""
    script = _fill(
        tmp_path,
        HEAD
        + "# a comment on {{anything}}\n#SBATCH --account={{account}}\n#SBATCH {{extra}}\nmodule load {{modules}}\n"
        'export {{environment}}\n{{container}} run {{words}} "${NAME}" ${#NAME}\n',
        account=None,
        extra=Lines(["--exclusive", "--qos=high"]),
        modules=Lines(),
        environment=Lines(["A=1"]),
        container=Words(),
        words=Words(["a b", "c"]),
    )
    assert script.text.splitlines() == [
        "#!/bin/bash",
        "# a comment on {{anything}}",
        "#SBATCH --exclusive",
        "#SBATCH --qos=high",
        "export A=1",
        " run 'a b' c \"${NAME}\" ${#NAME}",
    ]
    assert script.origins == (1, 2, 4, 4, 6, 7)


@pytest.mark.parametrize("evil", ["x; touch evil", "$(touch evil)", "`touch evil`", "'; touch evil; '", "a\\", "ü ñ #"])
def test_no_value_is_read_as_shell(evil: str, tmp_path: Path) -> None:
    """Whatever a value holds reaches the command as one word, also among #SBATCH lines and variables."""
    script = _fill(
        tmp_path,
        HEAD + "export {{environment}}\nprintf '%s\\n' {{evil}} \"$NAME\" {{words}}\n",
        evil=evil,
        environment=Lines([f"NAME={evil}"]),
        words=Words([evil, evil]),
    )
    done = subprocess.run(["bash"], input=script.text, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.splitlines() == [evil] * 4
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("evil", ["x --hold", "$(touch evil)", "'; touch evil; '", "ü ñ #"])
def test_no_value_is_read_as_an_option(evil: str, tmp_path: Path) -> None:
    """Whatever a value holds stays one option's."""
    script = _fill(tmp_path, HEAD + "#SBATCH --comment={{evil}}\n", evil=evil)
    assert list(script.options()) == [("--comment", evil, 2)]


@pytest.mark.parametrize("path", ["/a\\b/%j.log", "/a\\/%j.log", "/a\\"])
def test_a_backslash_where_slurm_reads_is_refused(path: str, tmp_path: Path) -> None:
    """SLURM reads it as an escape, or its quotes as not closed, and the log is lost; the shell may have it."""
    told = r"job\.sbatch line 2: the value of \{\{path\}\} holds a backslash, which SLURM .*; rename what has it: /a"
    with pytest.raises(ClusterError, match=told):
        _fill(tmp_path, HEAD + "#SBATCH --output={{path}}\n", path=path)
    assert "--log" in _fill(tmp_path, HEAD + "run --log {{path}}\n", path=path).text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#SBATCH -p {{partitio}}\n", r"job\.sbatch line 2: there is no word \{\{partitio\}\}\. Did you mean \{\{part"),
        ("run {{a b}}\n", r"line 2: there is no word \{\{a b\}\}\. Known are lines, more, partition, torn"),
        ("run {{partition\n", r"line 2 has opening braces that are not closed: run \{\{partition"),
        ("run {{lines}} {{more}}\n", r"line 2 has two words with several values each \(lines, more\)"),
        ("run {{torn}}\n", r"line 2: the value of \{\{torn\}\} holds a line break"),
        ("#SBATCH --comment=it's\n", r"job\.sbatch line 2 has a quote that is not closed: #SBATCH --comment=it's"),
        ("#SBATCH -p {partition}\n", r"line 2 says \{partition\}; a word to be filled in has two braces"),
        ("echo\n\n#SBATCH -n 1\n", r"line 4 would be passed over by sbatch.*first command \(line 2\)"),
        ("if true; then\n{{lines}}\n", r"job\.sbatch line \d is not bash: .*syntax error"),
    ],
)
def test_a_mistake_in_a_template_names_its_line(text: str, message: str, tmp_path: Path) -> None:
    """The line is the template's, not the script's; what is known is listed."""
    with pytest.raises(ClusterError, match=message):
        _fill(tmp_path, HEAD + text, partition="a", lines=Lines("ab"), more=Lines("cd"), torn="a\nb")


def test_what_is_no_script_is_told(tmp_path: Path) -> None:
    """No shell in the first line, bytes that are not text, an empty file, and a template that is not there."""
    with pytest.raises(ClusterError, match="line 1 must name the shell"):
        _fill(tmp_path, "echo\n")
    with pytest.raises(ClusterError, match="line 1 must name the shell"):
        _fill(tmp_path, "")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ClusterError, match="cannot be read"):
        fill(tmp_path / "bytes", {})
    with pytest.raises(ClusterError, match=r"no template nothing\.sbatch in slurm"):
        find_template("nothing.sbatch")


def test_ones_own_template_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """slurm/ of the working folder comes before kirie's."""
    monkeypatch.chdir(tmp_path)
    assert find_template("train.sbatch") == CLONE / "train.sbatch"
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "train.sbatch").write_text(HEAD)
    assert find_template("train.sbatch") == Path("slurm/train.sbatch")
