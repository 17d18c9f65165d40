"""Whether so many processes can share a batch and a training split; needs no torch, so that a login node can say."""

from __future__ import annotations

from kirie.errors import ConfigError
from kirie.prepare.store import Store
from kirie.train.settings import Settings


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
    """Holds the pictures against the processes.

    Raises:
        ConfigError: There are fewer pictures than processes.
    """
    pictures = len(store.split("train"))
    if 0 < pictures < world:
        raise ConfigError(
            f"The training split of {settings.data.store} has {pictures} picture(s) for {world} processes; use at most "
            f"{pictures}."
        )
