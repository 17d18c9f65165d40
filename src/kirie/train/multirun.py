"""Plain Hydra multirun: `python -m kirie.train.multirun -m model=unet,fpn`, one training a combination.

Each combination is the run that `kirie train` with the same words would make: same id, same folder, resumed or done
already. With `hydra/launcher=slurm` (conf/hydra/launcher/slurm.yaml) each is a SLURM job of its own.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kirie.cluster.place import place_of
from kirie.core.scores import flat
from kirie.errors import ClusterError, ConfigError, Interrupted, KirieError, PeerError
from kirie.train.command import find_or_train
from kirie.train.compose import config_folder, explained, without_loss
from kirie.train.overrides import readable

if TYPE_CHECKING:
    from kirie.train.crew import Crew


def main() -> int:
    """Runs Hydra on the process's own words.

    Returns:
        0: all combinations are trained. 2: the user can mend it; one sentence says how. Else: a signal ended it.
    """
    # Hydra would print errors itself, with their way through the code; this hands them on
    os.environ["HYDRA_FULL_ERROR"] = "1"
    folder = config_folder()
    # A comma parts the values of a sweep, even where they are not readable yet
    sys.argv[1:] = [word if "," in word else readable(word) for word in sys.argv[1:]]
    if any(word == "hydra/launcher=slurm" for word in sys.argv) and find_spec("submitit") is not None:
        from kirie.train import multirun_jobs

        multirun_jobs.watch_the_queue()
    try:
        hydra.main(config_path=str(folder), config_name="train", version_base="1.3")(train)()
    except KirieError as error:
        print(f"kirie: {error}", file=sys.stderr)
        return error.exit_code
    except (HydraException, OmegaConfBaseException) as error:
        print(f"kirie: {_sentence(error, folder)}", file=sys.stderr)
        return ConfigError.exit_code
    except _submitit_errors() as error:
        from kirie.train import multirun_jobs

        print(f"kirie: {multirun_jobs.sentence(error)}", file=sys.stderr)
        return ClusterError.exit_code
    return 0


def train(config: DictConfig) -> float | None:
    """Trains one combination, or finds it trained.

    Args:
        config: As Hydra composes conf/train.yaml.

    Returns:
        The best validation score, the one that `train.metric` names, for Hydra's sweepers; None on processes of a
        training that are not the first.

    Raises:
        KirieError: As `kirie train`.
        SystemExit: A signal ended it. Not an Exception, so that submitit does not take it for the job's result and
            goes on waiting for a job that was queued again.
    """
    plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    if not isinstance(plain, dict):
        raise ConfigError("conf/train.yaml is not a mapping.")
    words = [str(word) for word in HydraConfig.get().overrides.task]
    settings = without_loss({str(key): value for key, value in plain.items()}, words)
    try:
        with _launched() as crew:
            run, _ = find_or_train(settings, words, crew)
            if crew is not None and not crew.first:
                return None
            return flat(run.read_metrics()["val"])[settings["train"]["metric"]]
    except (Interrupted, PeerError) as stop:
        if stop.exit_code == KirieError.exit_code:
            raise
        print(f"kirie: {stop}", file=sys.stderr)
        raise SystemExit(stop.exit_code) from None


def _launched() -> contextlib.AbstractContextManager[Crew | None]:
    """The processes that a launcher has started for this training, if it has started several."""
    place = place_of()
    if place.world == 1:
        return contextlib.nullcontext()
    from kirie.train.launch import join

    return join(place)


def _submitit_errors() -> tuple[type[Exception], ...]:
    """What the launcher raises about its jobs; nothing where it is not used."""
    if "submitit" not in sys.modules:
        return ()
    from kirie.train import multirun_jobs

    return multirun_jobs.ERRORS


def _sentence(error: HydraException | OmegaConfBaseException, folder: Path) -> str:
    if found := re.search(r"hydra\.launcher\.(\w+)", str(error)):
        names = sorted({*map(str, OmegaConf.load(folder / "hydra/launcher/slurm.yaml"))} - {"defaults"})
        near = difflib.get_close_matches(found[1], names, n=1)
        hint = f" Did you mean 'hydra.launcher.{near[0]}'?" if near else ""
        return f"There is no setting 'hydra.launcher.{found[1]}'.{hint} hydra/launcher=slurm has {', '.join(names)}."
    if isinstance(error, MissingConfigException) and "submitit" in str(error.missing_cfg_file):
        return 'hydra/launcher=slurm needs the submitit launcher; run `pip install "kirie[cluster]"`.'
    return str(explained(error, folder))


if __name__ == "__main__":
    # By its own name, not as __main__: a job on another machine imports the function that it is to call
    from kirie.train import multirun

    sys.exit(multirun.main())
