"""Asking other programs: the one place where kirie starts them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_ANSWER = 124
"""Exit code of a program that did not answer in time, as `timeout` gives it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


def ask(
    words: Sequence[str],
    *,
    patience_s: float,
    text: str = "",
    environ: Mapping[str, str] | None = None,
    apart: bool = False,
) -> Answer | None:
    """Runs a program to its end.

    Args:
        words: The program's name, looked up on the PATH, and its words; no shell reads them.
        patience_s: Seconds after which it is ended, with the code NO_ANSWER.
        text: Its standard input.
        environ: Its environment; the process's own by default.
        apart: Keep signals from it that its asker's whole group gets, as of Ctrl+C: its asker decides.

    Returns:
        Its answer, or None if there is no such program.
    """
    try:
        process = start(
            words,
            environ=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=apart,
        )
    except OSError:
        return None
    with process:
        try:
            out, err = process.communicate(text, timeout=patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Answer(NO_ANSWER, "", f"no answer within {patience_s:.0f} s")
        except BaseException:
            process.kill()
            raise
    return Answer(process.returncode, out, err)


def start(words: Sequence[str], *, environ: Mapping[str, str] | None = None, **more: Any) -> subprocess.Popen[Any]:
    """Starts a program and returns at once.

    Args:
        words: The program's name, looked up on the PATH of `environ`, and its words; no shell reads them.
        environ: Its environment; the process's own by default.
        more: What subprocess.Popen takes.

    Raises:
        FileNotFoundError: There is no such program.
    """
    environ = os.environ if environ is None else environ
    program = shutil.which(words[0], path=environ.get("PATH", os.defpath))
    if program is None:
        raise FileNotFoundError(words[0])
    return subprocess.Popen([program, *words[1:]], env=dict(environ), **more)
