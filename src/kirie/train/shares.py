"""Whether the pictures suffice, for the processes and the metric; needs no torch, so that a login node can say."""

from __future__ import annotations

from kirie.errors import ConfigError
from kirie.prepare.store import Split, Store
from kirie.train.settings import OF_THINGS, Settings


def check_batch(settings: Settings, world: int) -> None:
    """Holds the batch against the processes.

    Raises:
        ConfigError: They cannot share it equally.
    """
    batch = settings.data.batch_size
    if batch % world:
        raise ConfigError(
            f"data.batch_size is {batch}, which {world} processes cannot share equally; it counts the pictures of all "
            f"of them together, so set it to a multiple of {world}."
        )


def check_pictures(settings: Settings, store: Store, world: int) -> None:
    """Holds the pictures against the processes and the metric.

    Raises:
        ConfigError: There are fewer pictures than processes, or the metric would never be a number.
    """
    pictures = len(store.split("train"))
    if 0 < pictures < world:
        raise ConfigError(
            f"The training split of {settings.data.store} has {pictures} picture(s) for {world} processes; use at most "
            f"{pictures}."
        )
    metric, validation = settings.train.metric, store.split("val")
    if metric in OF_THINGS and len(validation) and all(_is_bare(validation, at) for at in range(len(validation))):
        raise ConfigError(
            f"train.metric is {metric}, and no validation picture of {settings.data.store} has an instance, so that it "
            "would never be a number; use train.metric=miou, or prepare a store whose validation split has some."
        )


def _is_bare(split: Split, at: int) -> bool:
    """Whether nothing in a picture can be found or missed."""
    return all(instance.crowd for instance in split.instances(at))
