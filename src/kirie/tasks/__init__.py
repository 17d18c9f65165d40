"""Lightning modules: what is trained, with which losses and metrics."""

from kirie.tasks.load import load_checkpoint, load_run

__all__ = ["load_checkpoint", "load_run"]
