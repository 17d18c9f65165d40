"""The command table: a name leads to "module:function", loaded when it is called.

Nothing heavy is imported here, so that `kirie --help` answers at once and readers work without torch.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import sys
from collections.abc import Callable, Sequence

from kirie import __version__
from kirie.core import command
from kirie.core.signals import Terminated, terminable
from kirie.errors import DeviceError, KirieError, UsageError

COMMANDS: dict[str, tuple[str, str]] = {
    "synth": ("kirie.synth.command:main", "draw starter characters with exact truth"),
    "import": ("kirie.formats.command:main", "read annotations of any known format into data/"),
    "prepare": ("kirie.prepare.command:main", "check, split and write the store that training reads"),
    "pictures": ("kirie.prepare.pictures:main", "list the picture files of a split"),
    "train": ("kirie.train.command:main", "train a model; a repeated command resumes or says it is done"),
    "submit": ("kirie.train.submit:main", "send trainings, or the whole pipeline, to a SLURM cluster"),
    "sweep": ("kirie.sweep.command:main", "search parameters, with W&B or without it, here or on a cluster"),
    "sync": ("kirie.sweep.sync_command:main", "upload offline runs to W&B, and attach a sweep's to one there"),
    "runs": ("kirie.cluster.runs:main", "list the runs and their states, those that died too"),
    "evaluate": ("kirie.train.evaluate:main", "score a trained run on a split, image by image"),
    "select": ("kirie.export.select_command:main", "choose the best run, and say why"),
    "export": ("kirie.export.command:main", "write a bundle, if the exported model equals the trained one"),
    "report": ("kirie.export.report:main", "tell what the pipeline came to"),
    "board": ("kirie.board.command:main", "open a page over a folder of runs: table, curves, comparisons"),
    "predict": ("kirie.predict.command:main", "cut pictures into parts with a bundle; needs no torch"),
}

_NEEDS_TRAINING_STACK = {
    "torch",
    "torchvision",
    "pytorch_lightning",
    "kornia",
    "hydra",
    "omegaconf",
    "torchmetrics",
    "optuna",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: The words after `kirie`; the process's own by default.

    Returns:
        0: done. 1: the export gate refused. 2: the user can mend it; one sentence says how. 75: stopped by a cluster
            that should queue the job again. 128 and a signal's number: told to end (130 Ctrl+C, 143 SIGTERM);
            141: nobody reads the output any more.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    command.ready_streams()
    try:
        with terminable():
            code = _run(words)
        # Here and not at exit, where a reader that went away (`kirie ... | head`) would be a traceback
        _flush()
        return code
    except KirieError as error:
        if str(error):
            _complain(str(error), as_json="--json" in words)
        return error.exit_code
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _NEEDS_TRAINING_STACK:
            raise
        needed = f"`kirie {words[0]}` needs the training stack, and {error.name} is not installed"
        _complain(f'{needed}; run `pip install "kirie[train]"`.', as_json="--json" in words)
        return UsageError.exit_code
    except BrokenPipeError:
        # The work itself was cut short
        _flush()
        return 141
    except (OSError, RuntimeError) as error:
        if (trouble := _no_path(error)) is None:
            raise
        _complain(trouble, as_json="--json" in words)
        return UsageError.exit_code
    except KeyboardInterrupt:
        _complain("Interrupted. Repeat the command to go on.", as_json=False)
        return 130
    except Terminated as told:
        if words[:1] == ["train"]:
            # Before the training knew which run it is; in a job of SLURM it still wants to be queued again
            from kirie.train.starting import ended_before

            before = ended_before(told)
            _complain(str(before), as_json=False)
            return before.exit_code
        _complain(f"Told to end ({told.signum.name}). Repeat the command to go on.", as_json=False)
        return told.exit_code


def _no_path(error: OSError | RuntimeError) -> str | None:
    """What is to be said of a path that no disk can have; None if the error is another one."""
    if isinstance(error, OSError) and error.errno in {errno.ENAMETOOLONG, errno.ELOOP}:
        return f"There can be no file or folder {error.filename} ({error.strerror}); choose another path."
    # pathlib's own, until Python 3.13
    if str(error).startswith("Symlink loop from"):
        return f"{error}; choose another path, or mend the link."
    return None


def _flush() -> None:
    """Writes what is left to write; if nobody reads it any more, all was done and there is nothing to complain of."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        command.leave_stdout()


def _run(words: Sequence[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        command.say(_help())
        return 0
    if words[0] in {"-V", "--version"}:
        command.say(f"kirie {__version__}")
        return 0
    return _load(words[0])(words[1:])


def _load(name: str) -> Callable[[Sequence[str]], int]:
    if name not in COMMANDS:
        raise UsageError(_unknown(name))
    module, _, function = COMMANDS[name][0].partition(":")
    found: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    return found


def _unknown(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return f"There is no command '{name}'.{hint} Commands are {', '.join(COMMANDS)}."


def _help() -> str:
    rows = "\n".join(f"  {name:<10} {words}" for name, (_, words) in COMMANDS.items())
    return (
        f"kirie {__version__}: cut character illustrations into parts\n\nusage: kirie COMMAND [options]\n\n"
        f"commands:\n{rows}\n\n`kirie COMMAND --help` tells a command's options; "
        "each takes --json to print its result for machines."
    )


def _complain(message: str, *, as_json: bool) -> None:
    # Where nothing can be printed, the exit code is left
    with contextlib.suppress(DeviceError, OSError):
        if as_json:
            command.say(json.dumps({"error": message}, ensure_ascii=False))
    with contextlib.suppress(OSError):
        print(f"kirie: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
