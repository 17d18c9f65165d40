"""Random numbers that are a function of (seed, epoch, sample, operation), and of nothing that came before.

A sample is thus augmented alike in any batch, on any number of devices, before and after a resumption, and switching
one operation on or off does not change what the others draw. Generators with a state cannot give that without one
generator per sample and operation, which is slow; hashing the key is stateless, and one call serves a whole batch:

- parameters, on the host: the 64-bit finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
  Generators, OOPSLA 2014), chained over the words of the key;
- noise fields, on the device, where the key alone is sent: a 32-bit integer hash of the pixel's number (C. Wellons:
  Prospecting for Hash Functions, 2018, `lowbias32`), and Box-Muller.

Shapes: B samples, K numbers per sample, N numbers of a field.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Words = NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Draws:
    """The draws of one batch."""

    def __init__(self, seed: int, epoch: int, index_B: NDArray[np.int64]) -> None:
        """Takes the seed, the epoch and the samples' positions in the split."""
        start = _chain(_chain(np.zeros(1, dtype=np.uint64), _word(seed)), _word(epoch))
        self._keys_B = _chain(start, index_B.astype(np.uint64))

    def __len__(self) -> int:
        return len(self._keys_B)

    def uniform(self, name: str, count: int) -> Floats:
        """Uniform numbers of [0, 1), shape (B, count); always the same for one name."""
        named_B = _chain(self._keys_B, _name_word(name))
        words_BK = _chain(named_B[:, None], np.arange(count, dtype=np.uint64)[None])
        return (words_BK >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def chosen(self, name: str, p: float) -> NDArray[np.bool_]:
        """Which samples get an operation, shape (B,)."""
        return self.uniform(f"{name}?", 1)[:, 0] < p

    def keys(self, name: str) -> NDArray[np.int32]:
        """Keys for `normal_field`, shape (B, 2)."""
        words_B = _chain(self._keys_B, _name_word(name))
        return words_B.view(np.int32).reshape(-1, 2)


def normal_field(keys_B2: torch.Tensor, count: int) -> torch.Tensor:
    """Standard normal numbers on the keys' device, shape (B, count), float32.

    The 16-bit halves of each hash make one pair, so that numbers reach 4.8 standard deviations and no further.

    Args:
        keys_B2: int32 keys of `Draws.keys`, shape (B, 2).
        count: How many numbers a sample gets.
    """
    half = -(-count // 2)
    place_N = torch.arange(half, dtype=torch.int32, device=keys_B2.device)
    hash_BN = _mix32(_mix32(place_N[None] ^ keys_B2[:, :1]) ^ keys_B2[:, 1:])
    radius_BN = (hash_BN & 0xFFFF).float().add_(0.5).div_(65536).log_().mul_(-2).sqrt_()
    angle_BN = ((hash_BN >> 16) & 0xFFFF).float().mul_(2 * math.pi / 65536)
    return torch.cat([radius_BN * angle_BN.cos(), radius_BN * angle_BN.sin()], dim=1)[:, :count]


def _mix32(x: torch.Tensor) -> torch.Tensor:
    # int32 products wrap; a shift to the right copies the sign, so the copied bits are cut off
    x = (x ^ ((x >> 16) & 0xFFFF)) * 0x7FEB352D
    x = (x ^ ((x >> 15) & 0x1FFFF)) * (0x846CA68B - 2**32)
    return x ^ ((x >> 16) & 0xFFFF)


def _chain(state: _Words, word: _Words) -> _Words:
    """Takes one more word of the key into the state."""
    x = (state ^ _mix64(word + _GAMMA)) * _GAMMA
    return _mix64(x + _GAMMA)


def _mix64(x: _Words) -> _Words:
    x = (x ^ (x >> np.uint64(30))) * _MIX_A
    x = (x ^ (x >> np.uint64(27))) * _MIX_B
    return x ^ (x >> np.uint64(31))


def _word(number: int) -> _Words:
    return np.array([number & (2**64 - 1)], dtype=np.uint64)


def _name_word(name: str) -> _Words:
    return np.frombuffer(hashlib.blake2b(name.encode(), digest_size=8).digest(), dtype="<u8").astype(np.uint64)
