"""What no configuration may be made of."""

from __future__ import annotations

import pytest

from kirie.errors import ConfigError
from kirie.train.plain import check_plain


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"loss": {"terms": {1: {}}}}, r"the key 1 in `loss\.terms`"),
        ({"data": {"store": "a\0b"}}, r"data\.store is 'a\\x00b', which is no UTF-8 text"),
        ({"init_from": "\udc96\udcbc"}, r"init_from is '\\udc96\\udcbc', which is no UTF-8 text"),
        ({"log": {"tags": ["a", "\udc96"]}}, r"log\.tags is '\\udc96'"),
        ({"trainer": {"threads": 10**23}}, r"trainer\.threads is a whole number of 77 bits"),
        ({"seed": -(10**5000)}, r"seed is a whole number of \d+ bits"),
    ],
)
def test_what_nobody_could_take_is_named(config: dict[str, object], message: str) -> None:
    """Keys that are no words, text that no file can hold, and numbers that no float can hold."""
    with pytest.raises(ConfigError, match=message):
        check_plain(config)


def test_all_else_passes() -> None:
    """Names of any script, lists in lists, and numbers of any usual size."""
    check_plain({"a": "名 é 👩‍🎨", "b": [[1, -2.5], None], "c": {"d": True, "e": 2**62}})
