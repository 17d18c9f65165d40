"""Filling in the batch scripts of `slurm/`.

A script is text that a user adapts, so filling in is kept dull: `{{word}}` becomes a value, quoted as the shell needs
it. A line whose word has no value is left out, one whose word has several values is repeated, comments stay. Each line
remembers where in the template it came from, so that a refusal of SLURM can name the line to mend.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kirie.core import programs
from kirie.errors import ClusterError

PACKAGED = Path(__file__).resolve().parents[1] / "slurm"
CLONE = Path(__file__).resolve().parents[3] / "slurm"

_WORD = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_SINGLE = re.compile(r"\{\s*(\w+)\s*\}")
_COMMENT = re.compile(r"\s*#(?!SBATCH|!)")
_PATIENCE_S = 30.0


class Words(tuple[str, ...]):
    """Several words on one line, as those of a command; none of them leaves nothing there."""


class Lines(tuple[str, ...]):
    """One value a line: the line is repeated for each, and left out without any."""


Value = str | int | Words | Lines | None


@dataclass(frozen=True, slots=True)
class Script:
    """A filled-in template.

    Attributes:
        template: The template.
        text: What sbatch gets.
        origins: For each line of the text the line of the template, counted from 1.
    """

    template: Path
    text: str
    origins: tuple[int, ...]

    def options(self) -> Iterator[tuple[str, str, int]]:
        """The #SBATCH lines: option ("--partition"), value, and line of the template.

        Raises:
            ClusterError: A line has a quote that is not closed.
        """
        for line, origin in zip(self.text.splitlines(), self.origins, strict=True):
            if line.startswith("#SBATCH"):
                try:
                    # Two options may stand on one line
                    words = shlex.split(line.removeprefix("#SBATCH"), comments=True)
                except ValueError:
                    raise ClusterError(
                        f"{self.template} line {origin} has a quote that is not closed: {line}"
                    ) from None
                for word in words:
                    option, _, value = word.partition("=")
                    yield option, value, origin


def find_template(name: str) -> Path:
    """A template: from `slurm/` here, else from the clone or the installed package.

    Raises:
        ClusterError: There is none.
    """
    places = [Path("slurm"), CLONE, PACKAGED]
    for place in places:
        if (place / name).is_file():
            return place / name
    raise ClusterError(f"There is no template {name} in {', '.join(map(str, places))}; copy kirie's slurm/ here.")


def fill(template: Path, values: Mapping[str, Value], needs: str = "") -> Script:
    """Fills a template in and checks what comes out.

    Args:
        template: The file.
        values: What its words stand for. All may be used, none must but `needs`.
        needs: The word without which the job would do something else.

    Raises:
        ClusterError: The template cannot be read, names an unknown word, a value does not fit on a line, or the
            result is no batch script.
    """
    try:
        source = template.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterError(f"The template {template} cannot be read ({error}).") from None
    text: list[str] = []
    origins: list[int] = []
    for number, line in enumerate(source, 1):
        for filled in _fill_line(line, values, f"{template} line {number}"):
            text.append(filled)
            origins.append(number)
    if needs and not any(needs in _WORD.findall(line) for line in source if not _COMMENT.match(line)):
        raise ClusterError(
            f"{template} has the word {{{{{needs}}}}} nowhere, so its job would not do what is asked; kirie's own "
            f"{template.name} shows the line that has it."
        )
    script = Script(template, "\n".join(text) + "\n", tuple(origins))
    _check_order(script)
    _check_syntax(script)
    # Each line can be read, so that a refusal can name it
    list(script.options())
    return script


def _fill_line(line: str, values: Mapping[str, Value], where: str) -> Iterator[str]:
    if _COMMENT.match(line):
        yield line
        return
    names = [match[1] for match in _WORD.finditer(line)]
    for name in names:
        if name not in values:
            near = difflib.get_close_matches(name, values, n=1)
            hint = f" Did you mean {{{{{near[0]}}}}}?" if near else ""
            raise ClusterError(
                f"{where}: there is no word {{{{{name}}}}}.{hint} Known are {', '.join(sorted(values))}."
            )
    rest = _WORD.sub("", line)
    if "{{" in rest:
        raise ClusterError(f"{where} has opening braces that are not closed: {line.strip()}")
    if line.startswith("#SBATCH") and (single := next((n for n in _SINGLE.findall(rest) if n in values), None)):
        raise ClusterError(f"{where} says {{{single}}}; a word to be filled in has two braces: {{{{{single}}}}}.")
    if any(values[name] is None for name in names):
        return
    several = {name: value for name in names if isinstance(value := values[name], Lines)}
    if len(several) > 1:
        raise ClusterError(f"{where} has two words with several values each ({', '.join(several)}); use two lines.")
    for item in next(iter(several.values()), ("",)):
        filled = {**values, **dict.fromkeys(several, item)}
        yield _WORD.sub(partial(_quoted, filled, where), line)


def _quoted(values: Mapping[str, Value], where: str, match: re.Match[str]) -> str:
    value = values[match[1]]
    words = value if isinstance(value, tuple) else (str(value),)
    for word in words:
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in word):
            raise ClusterError(f"{where}: the value of {match[0]} holds a line break or another control sign.")
        if "\\" in word and match.string.startswith("#SBATCH"):
            # In a log's path there is no way to write one: with it SLURM fills in no %j
            raise ClusterError(
                f"{where}: the value of {match[0]} holds a backslash, which SLURM takes for a sign of its own; rename "
                f"what has it: {word}"
            )
    return " ".join(map(shlex.quote, words))


def _check_order(script: Script) -> None:
    lines = script.text.splitlines()
    if not lines[0].startswith("#!"):
        raise ClusterError(f"{script.template} line 1 must name the shell, as #!/bin/bash; found was {lines[0]!r}.")
    command = None
    for line, origin in zip(lines, script.origins, strict=True):
        if line.startswith("#SBATCH") and command is not None:
            raise ClusterError(
                f"{script.template} line {origin} would be passed over by sbatch, which reads #SBATCH lines only "
                f"before the first command (line {command}); move it up."
            )
        if command is None and line.strip() and not line.lstrip().startswith("#"):
            command = origin


def _check_syntax(script: Script) -> None:
    """Lets bash read the script without running it, where it is a bash script and there is a bash."""
    if not re.match(r"#!.*\bbash\b", script.text):
        return
    done = programs.ask(["bash", "-n"], text=script.text, patience_s=_PATIENCE_S)
    if done is not None and done.code:
        found = re.search(r"line (\d+): (.*)", done.err)
        at = script.origins[min(int(found[1]), len(script.origins)) - 1] if found else 1
        raise ClusterError(f"{script.template} line {at} is not bash: {found[2] if found else done.err.strip()}")
