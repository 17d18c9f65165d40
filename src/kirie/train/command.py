"""`kirie train`: the one training entry of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kirie.core import command
from kirie.core.run import RunFolder
from kirie.prepare.store import Store
from kirie.train.compose import as_yaml, compose_config, config_folder
from kirie.train.identify import identify, is_done
from kirie.train.settings import Settings

_DESCRIPTION = """Trains a model on a prepared store.

Words like model=fpn or train.epochs=5 override conf/train.yaml (Hydra's grammar; experiment=NAME takes a recipe).
The run's id comes from the configuration, the data, the code and the seed: the same command resumes an interrupted
run, or answers that it is done.

  kirie train model=fpn augment=strong
  kirie train model=unet model.encoder=resnet34 optimizer.lr=3e-4 seed=2
"""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie train`."""
    parser = command.Parser("train", _DESCRIPTION)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="overrides of conf/train.yaml")
    parser.add_argument(
        "--config-dir", type=Path, help="folder with train.yaml (default: conf/ here, then kirie's own)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="copy the finished run (weights, scores, tables) here")
    parser.add_argument("--show", action="store_true", help="print the resolved configuration and train nothing")
    options = parser.parse_intermixed_args(argv)

    config = compose_config(options.overrides, config_folder(options.config_dir))
    if options.show:
        command.result(config, as_yaml(config).rstrip(), as_json=options.json)
        return 0
    return _train(config, options)


def _train(config: Mapping[str, Any], options: argparse.Namespace) -> int:
    run, trained = _run(config)
    if options.out is not None and (trained or not _holds(options.out, run)):
        run.publish(options.out)
    found, record = run.read_metrics(), run.read_record()
    words = (
        f"run {record['id']} {'is done' if trained else 'was already done'}  "
        f"val mIoU {found['val']['miou']:.4f}  test mIoU {found['test']['miou']:.4f}  ({run.path})"
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


def _holds(out: Path, run: RunFolder) -> bool:
    """Whether a folder is a copy of the run already, perhaps with what `kirie evaluate` has added since."""
    copy = RunFolder(out)
    return (
        copy.record.is_file()
        and copy.best.is_file()
        and copy.metrics.is_file()
        and copy.read_record()["id"] == run.read_record()["id"]
    )


def _run(config: Mapping[str, Any]) -> tuple[RunFolder, bool]:
    """The finished run of a configuration, and whether this call trained it; torch is imported only to train."""
    settings = Settings.of(config)
    identity = identify(config, Store.open(Path(settings.data.store)).fingerprint)
    run = identity.folder(Path(config["runs"]))
    if is_done(run):
        return run, False
    from kirie.train.fit import fit

    return fit(config), True
