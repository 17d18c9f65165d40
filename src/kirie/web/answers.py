"""Requests and answers of local pages: JSON without NaN, refusals of one sentence, the words of a query."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from kirie.errors import KirieError

MOST_POSTED = 2**20
"""Bytes that a posted JSON may have."""


class RequestError(KirieError):
    """A request that is answered with a sentence.

    Args:
        status: HTTP's number: 400 wrong, 404 not there, 413 too large, 415 of a kind that is not given.
        sentence: What happened and what is allowed.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def json_answer(_request: Request, content: Any, *, status: int = 200) -> Response:
    """JSON; numbers that JSON has no word for (NaN, infinities) are null."""
    return Response(json_bytes(content), status_code=status, media_type="application/json")


def json_bytes(content: Any) -> bytes:
    """The same as bytes."""
    try:
        return orjson.dumps(content)
    except TypeError:
        # Whole numbers of more than 64 bits, and names that are no UTF-8: their halves of letters are escaped
        text = json.dumps(finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode(errors="backslashreplace")


def finite(content: Any) -> Any:
    """Plain values with None in the place of NaN and infinities."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Mapping):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content


def needed(request: Request, word: str) -> str:
    """A word of the query.

    Raises:
        RequestError: It is missing or empty.
    """
    found = request.query_params.get(word, "")
    if not found:
        raise RequestError(400, f"The address lacks `{word}`; write {request.url.path}?{word}=...")
    return found


def listed(request: Request, word: str) -> list[str]:
    """A word of the query that lists several, with commas between; each once.

    Raises:
        RequestError: It is missing or empty.
    """
    found = list(dict.fromkeys(part for part in needed(request, word).split(",") if part))
    if not found:
        raise RequestError(400, f"`{word}` of the address lists nothing; write {request.url.path}?{word}=first,second")
    return found


def whole_number(request: Request, word: str, default: int) -> int:
    """A whole number of the query, from 0.

    Raises:
        RequestError: It is another text.
    """
    text = request.query_params.get(word)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise RequestError(400, f"`{word}` is '{text[:40]}'; allowed is a whole number from 0.")
    return int(text)


async def posted(request: Request) -> dict[str, Any]:
    """The JSON object of a POST.

    Raises:
        RequestError: It is too large, no JSON object, or no text in UTF-8.
    """
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MOST_POSTED:
            raise RequestError(413, f"What was sent has more than {MOST_POSTED:,} bytes.")
        pieces.append(piece)
    try:
        # Decoded here: json takes halves of letters that are written as bytes, and UTF-16
        text = b"".join(pieces).decode()
        found = json.loads(text)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RequestError(400, "What was sent holds half a letter, as \\ud800, which no text has.") from None
    except (ValueError, RecursionError):
        raise RequestError(400, "What was sent is not JSON.") from None
    if not isinstance(found, dict):
        raise RequestError(400, "What was sent is not a JSON object.")
    return found
