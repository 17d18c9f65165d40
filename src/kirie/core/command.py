"""What every command of the command line shares: one parser, `--json`, one way to end.

A command is a function `main(argv) -> int`. It prints its result on standard output (a person's words, or with
`--json` one JSON object) and its progress on standard error.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from kirie.errors import DeviceError, UsageError


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are UsageErrors, and which knows `--json`."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            prog=f"kirie {command}",
            description=description,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def error(self, message: str) -> NoReturn:
        """Raises instead of printing, so that all mistakes end alike.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"{self.prog}: {message}. See `{self.prog} --help`.")

    def print_help(self, file: object = None) -> None:
        """Prints the help as every result is printed, so that a full disk is told."""
        say(self.format_help().rstrip())


class Page(io.StringIO):
    """What a table for standard output is drawn on: nothing is written yet, and it has a terminal's colours."""

    def isatty(self) -> bool:
        """Whether standard output is a terminal."""
        return sys.stdout.isatty()


def width(most: int) -> int:
    """Columns of a printed table: those of the terminal, at most `most`, which is also a file's or a pipe's."""
    return min(most, shutil.get_terminal_size((most, 24)).columns)


def result(content: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Prints a command's result: `content` for machines, or `text` for a person.

    Raises:
        DeviceError: Standard output leads to a full or failing disk.
    """
    say(json.dumps(content, ensure_ascii=False, allow_nan=False) if as_json else text)


def say(text: str) -> None:
    """Prints what a command ends with on standard output, at once; if nobody reads it any more, all is done anyway.

    Raises:
        DeviceError: It leads to a full or failing disk.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        leave_stdout()
    except OSError as error:
        leave_stdout()
        raise DeviceError(
            f"The result cannot be written to standard output ({error.strerror}); the work itself is done."
        ) from None


def leave_stdout() -> None:
    """What standard output still holds goes nowhere; Python would try again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def ready_streams() -> None:
    """Makes standard output and standard error take every text, also where they are closed or know ASCII only.

    What they cannot show is escaped, in JSON's way.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Takes the number that is free, or a file of ours would get what is meant for people
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
