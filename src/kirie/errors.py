"""The error tree. Everything a user can cause is a KirieError; the command line prints it and exits with 2.

KirieError
├── UsageError        the command line or a configuration value is wrong
│   └── ConfigError   a Hydra override or a pair of settings that cannot work
│       └── UnknownSettingError   there is no such setting
├── SourceError       an annotation, a picture or a label file cannot be read as it is
├── StoreError        the prepared dataset is missing, damaged, empty or does not fit
├── ModelError        a model cannot be built, or its weights cannot be had
├── RunError          a run folder is missing, unfinished, damaged or does not fit
├── BundleError       an exported bundle is missing, was changed or does not fit
├── DeviceError       a device, an execution provider or disk space is not to be had
├── PeerError         another process of the same training ended; silent where that one's sentence is told already
├── ClusterError      SLURM is not to be had, refused a job, or a cluster's settings or template are wrong
├── SweepError        a sweep's file, its companion, its folder or its trials are not as they must be
└── Interrupted       a signal ended the command; it can be repeated (exit code 130 or 143)

GateFailed (exit code 1) is not the user's doing: the exported model does not equal the trained one.

A message is one sentence, or two: what happened, what was found, what is allowed, what to change.
"""


def first_line(error: BaseException) -> str:
    """Another library's words as part of a sentence: their first line, cut at 300 letters, without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")


class KirieError(Exception):
    """Base of everything a user can cause; ends a command with exit code 2."""

    exit_code = 2


class UsageError(KirieError):
    """The command line or a configuration value is wrong."""


class ConfigError(UsageError):
    """A Hydra override, or a pair of settings that cannot work together."""


class UnknownSettingError(ConfigError):
    """There is no such setting in what was chosen."""


class SourceError(KirieError):
    """An annotation, a picture or a label file cannot be read as it is."""


class StoreError(KirieError):
    """The prepared dataset is missing, damaged, empty or does not fit."""


class ModelError(KirieError):
    """A model cannot be built, or its weights cannot be had."""


class RunError(KirieError):
    """A run folder is missing, unfinished, damaged or does not fit."""


class BundleError(KirieError):
    """An exported bundle is missing, was changed or does not fit."""


class DeviceError(KirieError):
    """A device, an execution provider or disk space is not to be had."""


class ClusterError(KirieError):
    """SLURM is not to be had, refused a job, or a cluster's settings or template are wrong."""


class SweepError(KirieError):
    """A sweep's file, its companion, its folder or its trials are not as they must be."""


class PeerError(KirieError):
    """Another process of the same training ended, so this one does too.

    Args:
        message: Why; empty on the processes that leave telling it to the first one.
        exit_code: The other process's exit code.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Interrupted(KirieError):  # noqa: N818 - not a mistake either
    """A signal ended the command, and its work so far is kept.

    Args:
        message: What was kept, and how to go on.
        exit_code: 128 and the signal's number, as shells count.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class GateFailed(KirieError):  # noqa: N818 - an outcome, not a mistake
    """The exported model does not give the answers of the trained one."""

    exit_code = 1
