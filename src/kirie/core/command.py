"""What every command of the command line shares: one parser, `--json`, one way to end.

A command is a function `main(argv) -> int`. It prints its result on standard output (a person's words, or with
`--json` one JSON object) and its progress on standard error.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from typing import Any, NoReturn

from kirie.errors import UsageError


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


def width(most: int) -> int:
    """Columns of a printed table: those of the terminal, at most `most`, which is also a file's or a pipe's."""
    return min(most, shutil.get_terminal_size((most, 24)).columns)


def result(content: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Prints a command's result: `content` for machines, or `text` for a person."""
    print(json.dumps(content, ensure_ascii=False, allow_nan=False) if as_json else text)
