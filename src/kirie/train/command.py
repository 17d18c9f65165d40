"""`kirie train`: the one training entry of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kirie.core import command

_DESCRIPTION = """Trains a model on a prepared store.

Words like model=fpn or train.epochs=5 override conf/train.yaml (Hydra's grammar; +experiment=NAME takes a recipe).
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

    from kirie.train.compose import as_yaml, compose_config, config_folder

    config = compose_config(options.overrides, config_folder(options.config_dir))
    if options.show:
        command.result(config, as_yaml(config).rstrip(), as_json=options.json)
        return 0
    return _train(config, options)


def _train(config: Mapping[str, Any], options: argparse.Namespace) -> int:
    from kirie.train.fit import fit

    outcome = fit(config)
    if options.out is not None:
        outcome.run.publish(options.out)
    val, test = outcome.scores["val"], outcome.scores["test"]
    record = outcome.run.read_record()
    words = (
        f"run {outcome.id} {'is done' if outcome.trained else 'was already done'}  "
        f"val mIoU {val['miou']:.4f}  test mIoU {test['miou']:.4f}  ({outcome.run.path})"
    )
    command.result(
        {
            "run": outcome.id,
            "folder": str(outcome.run.path),
            "state": "trained" if outcome.trained else "already done",
            "seconds": record["seconds"],
            "scores": outcome.scores,
        },
        words,
        as_json=options.json,
    )
    return 0
