"""What runs and sweeps cost, in device hours: an hour on two GPUs is two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """A run's cost.

    Attributes:
        device_hours: Devices times the time that it was at work.
        devices: How many it had.
        seconds: The time.
        basis: Where the number of devices is from: "configuration", "environment", or "one device" where nothing says.
    """

    device_hours: float
    devices: int
    seconds: float
    basis: str

    def to_dict(self) -> dict[str, Any]:
        """For an answer."""
        return {
            "device_hours": self.device_hours,
            "devices": self.devices,
            "seconds": self.seconds,
            "basis": self.basis,
        }


def cost_of(
    seconds: float | None, config: Mapping[str, Any], hardware: Mapping[str, Any], environment: Mapping[str, Any]
) -> Cost | None:
    """A run's cost; None if nobody knows how long it took.

    Args:
        seconds: How long it was at work, all its segments together.
        config: Its configuration; kirie's names `trainer.devices` and `trainer.nodes`.
        hardware: What its run record says of the machine.
        environment: The reader's words on it (`gpus`).
    """
    if seconds is None or not seconds >= 0:
        return None
    trainer = config.get("trainer")
    if isinstance(trainer, Mapping) and "devices" in trainer:
        gpus = hardware.get("gpus")
        here = len(gpus) if isinstance(gpus, list) and trainer.get("accelerator") != "cpu" else 0
        devices = (_whole(trainer["devices"]) or here or 1) * (_whole(trainer.get("nodes")) or 1)
        return Cost(seconds * devices / 3600, devices, seconds, "configuration")
    if (count := _whole(environment.get("gpus"))) is not None:
        return Cost(seconds * count / 3600, count, seconds, "environment")
    return Cost(seconds / 3600, 1, seconds, "one device")


def total_hours(costs: Iterable[Cost | None]) -> float:
    """Device hours of several runs; those of which nothing is known count nothing."""
    return sum(cost.device_hours for cost in costs if cost is not None)


def _whole(value: Any) -> int | None:
    """A number of devices or nodes; "auto" and the like are none."""
    if isinstance(value, list) and value:
        return len(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000 else None
