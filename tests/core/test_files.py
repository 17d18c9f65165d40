"""Files that are whole or not there, and paths that stay inside."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.core import files
from kirie.errors import DeviceError, RunError, SourceError


def _alone(path: Path) -> bool:
    """Whether nothing lies beside the file: no half-written neighbour was left."""
    return [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_written_whole_and_alone(tmp_path: Path) -> None:
    """Bytes, text and JSON arrive as given, folders are made, and nothing else is left beside them."""
    path = tmp_path / "new" / "folder" / "x.json"
    files.write_bytes(path, b"\x00\r\n\xff")
    assert path.read_bytes() == b"\x00\r\n\xff"
    files.write_text(path, "é\n切り絵\r\n")
    assert path.read_bytes() == "é\n切り絵\r\n".encode()
    files.write_json(path, {"b": "切", "a": [1, None]})
    assert path.read_text(encoding="utf-8") == '{\n  "b": "切",\n  "a": [\n    1,\n    null\n  ]\n}\n'
    assert _alone(path)


def test_a_failing_block_keeps_the_old_file(tmp_path: Path) -> None:
    """If the writer fails midway, the old content stays and nothing half-written is left."""
    path = tmp_path / "x.bin"
    files.write_bytes(path, b"old")

    def fail() -> None:
        with files.replacing(path) as stream:
            stream.write(b"new, but not to its end")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail()
    assert path.read_bytes() == b"old"
    assert _alone(path)


def test_nan_is_refused_before_the_old_file_is_touched(tmp_path: Path) -> None:
    """JSON with NaN is no JSON: it is not written, and what was there stays."""
    path = tmp_path / "x.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(path, {"a": float("nan")})
    assert files.read_json(path, RunError, "It") == {"a": 1}


_BIG = "from pathlib import Path; import sys; from kirie.core import files; p = Path(sys.argv[1]);"


def test_a_write_that_the_system_cuts_off_keeps_the_old_file(tmp_path: Path) -> None:
    """A process that may not write more than 64 KiB fails on a larger file and leaves the old one."""
    path = tmp_path / "x.bin"
    files.write_bytes(path, b"old")
    code = _BIG + (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)); files.write_bytes(p, bytes(1 << 20))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert _alone(path)


def test_a_process_killed_while_writing_keeps_the_old_file(tmp_path: Path) -> None:
    """SIGKILL in the middle of a write leaves the old content under the name."""
    path = tmp_path / "x.bin"
    files.write_bytes(path, b"old")
    code = _BIG + (
        "\nwith files.replacing(p) as s:\n s.write(b'n' * 100_000); s.flush(); print('half', flush=True)\n"
        " import time; time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        writer.kill()
    assert writer.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    files.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    """The system's "no space" becomes a DeviceError that names the place and what to do."""
    with (
        pytest.raises(DeviceError, match=r"disk that holds .*x\.bin is full .* Free space"),
        files.disk_errors(tmp_path / "x.bin"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_a_file_in_the_place_of_a_folder_is_a_sentence(tmp_path: Path) -> None:
    """Writing below a file, or over a folder, is told as something the user can mend."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "x.json", tmp_path / "folder", tmp_path / ("n" * 300)):
        with pytest.raises(DeviceError, match="cannot be written"):
            files.write_bytes(path, b"x")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged: it is not JSON"),
        (b'{"a": 1', "is damaged: it is not JSON"),
        (b"\xff\xfe", "is damaged: it is not JSON"),
        (b"[" * 100_000, "is damaged: it is not JSON"),
        (b"1" * 5000, "is damaged: it is not JSON"),
        (None, "is not there"),
    ],
    ids=["empty", "cut", "bytes", "deep", "long number", "missing"],
)
def test_json_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A missing or damaged JSON file raises the caller's error, which names the file and what it is."""
    path = tmp_path / "run.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=rf"The run record .*run\.json {said}"):
        files.read_json(path, RunError, "The run record")


def test_a_folder_is_not_json(tmp_path: Path) -> None:
    """A folder in the file's place is told too."""
    with pytest.raises(RunError, match=r"The run record .* cannot be read"):
        files.read_json(tmp_path, RunError, "The run record")


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    """The sum of a file is the one that sha256sum prints."""
    path = tmp_path / "x.bin"
    path.write_bytes(b"kirie\n" * 100_000)
    told = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True)
    assert files.sha256_of(path) == told.stdout.split()[0]


@pytest.mark.parametrize(
    ("relative", "expected"),
    [
        ("a.png", "a.png"),
        ("b/c.png", "b/c.png"),
        ("b\\c.png", "b/c.png"),
        ("./b/../a.png", "a.png"),
        ("切り絵/é a.png", "切り絵/é a.png"),
        ("...", "..."),
        ("a..b", "a..b"),
    ],
)
def test_paths_inside_are_joined(tmp_path: Path, relative: str, expected: str) -> None:
    """Relative paths with either slash lead to the file, also where it does not exist yet."""
    assert files.inside(tmp_path, relative).resolve() == (tmp_path / expected).resolve()


@pytest.mark.parametrize(
    ("relative", "said"),
    [
        ("", "not relative"),
        ("/etc/passwd", "not relative"),
        ("\\etc\\passwd", "not relative"),
        ("//host/share/x", "not relative"),
        ("\\\\host\\share\\x", "not relative"),
        ("C:\\x.png", "not relative"),
        ("C:x.png", "not relative"),
        ("a\0.png", "not relative"),
        ("..", "leads out"),
        ("../x.png", "leads out"),
        ("..\\x.png", "leads out"),
        ("a/../../x.png", "leads out"),
        ("a\\..\\..\\x.png", "leads out"),
        ("link/x.png", "leads out"),
        ("link", "leads out"),
        ("circle/x.png", "leads out"),
    ],
)
def test_paths_that_leave_are_refused(tmp_path: Path, relative: str, said: str) -> None:
    """Absolute, Windows, climbing and linked paths out of the folder are refused, each in a sentence."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "circle").symlink_to(folder / "circle")
    with pytest.raises(SourceError, match=said):
        files.inside(folder, relative)


def test_links_inside_are_followed(tmp_path: Path) -> None:
    """A link that stays inside, and a folder that is itself a link, are fine."""
    folder = tmp_path / "folder"
    (folder / "real").mkdir(parents=True)
    (folder / "link").symlink_to("real")
    (tmp_path / "other").symlink_to(folder)
    assert files.inside(tmp_path / "other", "link/x.png").resolve() == (folder / "real" / "x.png").resolve()


@settings(deadline=None, max_examples=300)
@given(parts=st.lists(st.sampled_from(["..", ".", "a", "b", "link", "", "C:", "~"]), min_size=1, max_size=6))
def test_no_path_ever_leaves(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    """Whatever is given either lies inside once links are followed, or is refused."""
    folder = tmp_path_factory.getbasetemp() / "inside" / "folder"
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "link").symlink_to("..")
    for join in ("/", "\\"):
        try:
            found = files.inside(folder, join.join(parts))
        except SourceError:
            continue
        real = os.path.realpath(found)
        assert real == str(folder.resolve()) or real.startswith(f"{folder.resolve()}{os.sep}")
