"""The built page as one HTML file, with a book inside: script, style and answers inline, nothing fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kirie.errors import UsageError
from kirie.web.answers import finite

FILES = ("index.html", "page.js", "page.css")
"""What the build makes."""

_SCRIPT = re.compile(r"<script\b[^>]*\bsrc=\"[^\"]*page\.js\"[^>]*>\s*</script>")
_STYLE = re.compile(r"<link\b[^>]*\bhref=\"[^\"]*page\.css\"[^>]*>")

_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'\">"
)
"""A report opens nothing but itself, whatever a log holds."""


def check_built(built: Path) -> None:
    """Refuses to begin a report that could have no page.

    Raises:
        UsageError: The page is not built.
    """
    if not all((built / name).is_file() for name in FILES):
        raise UsageError("The board's page is not built, so there is nothing to freeze; `make setup` builds it.")


def report_html(built: Path, book: Mapping[str, Any]) -> str:
    """A report.

    Args:
        built: The folder of the built page.
        book: The answers, as `make_book` gives them.

    Raises:
        UsageError: The page is not built.
    """
    check_built(built)
    index, script, style = ((built / name).read_text(encoding="utf-8") for name in FILES)
    # Functions, or backslashes of the script would be read as references
    inline_script = f'<script type="module">{_safe_script(script)}</script>'
    inline_style = f"<style>{_safe_style(style)}</style>"
    page, scripts = _SCRIPT.subn(lambda _: "", index)
    page, styles = _STYLE.subn(lambda _: inline_style, page)
    if scripts != 1 or styles != 1 or "<head>" not in page or "</body>" not in page:
        raise UsageError("The built page is not one that a report can be made of; build it anew with `make setup`.")
    before, _, after = page.rpartition("</body>")
    held = f'<script type="application/json" id="frozen">{_safe_json(book)}</script>'
    return f"{before.replace('<head>', f'<head>{_POLICY}', 1)}{held}\n{inline_script}\n</body>{after}"


def _safe_json(content: Mapping[str, Any]) -> str:
    """JSON in which no text of a log can end the element that holds it, or begin another."""
    text = json.dumps(finite(content), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _safe_script(text: str) -> str:
    # Our own script may speak of elements; in texts and expressions the backslash changes nothing
    return re.sub(r"<(?=/script|!--)", r"<\\", text, flags=re.IGNORECASE)


def _safe_style(text: str) -> str:
    return re.sub(r"<(?=/style)", r"<\\", text, flags=re.IGNORECASE)
