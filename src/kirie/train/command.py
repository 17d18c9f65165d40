"""`kirie train`: the one training entry of the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirie.cluster.place import Place, place_of
from kirie.core import command
from kirie.core.run import RunFolder, check_copy
from kirie.errors import Interrupted
from kirie.prepare.store import Store
from kirie.runlog import agent
from kirie.train.identify import identify, is_done
from kirie.train.settings import Settings

if TYPE_CHECKING:
    from kirie.train.crew import Crew

_DESCRIPTION = """Trains a model on a prepared store.

Words like model=fpn or train.epochs=5 override conf/train.yaml (Hydra's grammar; experiment=NAME takes a recipe).
The run's id comes from the configuration, the data, the code and the seed: the same command resumes an interrupted
run, or answers that it is done.

  kirie train model=fpn augment=strong
  kirie train model=unet model.encoder=resnet34 optimizer.lr=3e-4 seed=2
  kirie train model=fpn trainer=ddp trainer.devices=4
"""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie train`: alone, as one of the processes of a launcher, or starting those of this node itself."""
    # Before torch is loaded: when a process dies, those that talk to it would log pages of torch's own stack
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    place = place_of()
    if place.world == 1:
        try:
            return _command(argv, None)
        except Interrupted as stopped:
            raise Interrupted(str(stopped), agent.exit_code(stopped.exit_code)) from None
    from kirie.train.launch import join

    with join(place) as crew:
        return _command(argv, crew)


def _command(argv: Sequence[str], crew: Crew | None) -> int:
    parser = command.Parser("train", _DESCRIPTION)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="overrides of conf/train.yaml")
    parser.add_argument(
        "--config-dir", type=Path, help="folder with train.yaml (default: conf/ here, then kirie's own)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="copy the finished run (weights, scores, tables) here")
    parser.add_argument("--show", action="store_true", help="print the resolved configuration and train nothing")
    options = parser.parse_intermixed_args(argv)

    # Late, so that `--help` works where Hydra is not installed
    from kirie.train.compose import as_yaml, compose_config, config_folder

    config = compose_config(options.overrides, config_folder(options.config_dir))
    speaks = crew is None or crew.first
    if options.show:
        if speaks:
            command.result(config, as_yaml(config).rstrip(), as_json=options.json)
        return 0
    if options.out is not None and speaks:
        # Now, and not after hours of training
        check_copy(options.out)
    run, trained = find_or_train(config, argv, crew)
    return _finish(run, trained, options) if speaks else 0


def _finish(run: RunFolder, trained: bool, options: argparse.Namespace) -> int:
    if options.out is not None and (trained or not _holds(options.out, run)):
        run.publish(options.out)
    found, record = run.read_metrics(), run.read_record()
    words = (
        f"run {record['id']} {'is done' if trained else 'was already done'}  "
        f"val mIoU {found['val']['miou']:.4f}  test mIoU {found['test']['miou']:.4f}{_precision(found)}  ({run.path})"
    )
    command.result(
        {
            "run": record["id"],
            "folder": str(run.path),
            "state": "trained" if trained else "already done",
            "seconds": record["seconds"],
            "scores": found,
        },
        words,
        as_json=options.json,
    )
    return 0


def _precision(found: Mapping[str, Any]) -> str:
    """Mask mAP of a model that finds instances, nothing of others."""
    told = [(split, found[split].get("map", {}).get("mask", {}).get("map")) for split in ("val", "test")]
    return "".join(f"  {split} mask mAP {value:.4f}" for split, value in told if value is not None)


def _holds(out: Path, run: RunFolder) -> bool:
    """Whether a folder is a copy of the run already, perhaps with what `kirie evaluate` has added since."""
    copy = RunFolder(out)
    return (
        copy.record.is_file()
        and copy.best.is_file()
        and copy.metrics.is_file()
        and copy.read_record()["id"] == run.read_record()["id"]
    )


def find_or_train(config: Mapping[str, Any], argv: Sequence[str], crew: Crew | None) -> tuple[RunFolder, bool]:
    """The finished run of a configuration, and whether this call trained it; torch is imported only to train.

    Args:
        config: The resolved configuration.
        argv: The words after `kirie train` that compose it, for further processes on this node.
        crew: The processes that a launcher has started; None if this one is alone so far.

    Raises:
        KirieError: As kirie.train.fit.
    """
    settings = Settings.of(config)
    store = Store.open(Path(settings.data.store))
    identity = identify(config, store.fingerprint)
    run = identity.folder(Path(config["runs"]))
    done = is_done(run)
    if crew is not None:
        from kirie.train.fit import fit

        return fit(config, crew=crew), not done
    if done:
        if agent.given_run() is not None:
            from kirie.train.retell import retell

            retell(config, run)
        return run, False
    from kirie.models import check_pair
    from kirie.train.devices import check_place, check_shares, processes_here
    from kirie.train.fit import fit
    from kirie.train.launch import start

    count = processes_here(settings)
    if count == 1:
        return fit(config), True
    # Before any process is started, so that there is one to complain
    place = Place(0, count, 0, "lightning", count)
    check_place(settings, place)
    check_pair(config["model"])
    check_shares(settings, config["model"], store, place)
    with start(["train", *argv], count) as crew:
        return fit(config, crew=crew), True
