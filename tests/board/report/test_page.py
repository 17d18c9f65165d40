"""A report's one file: nothing of a log can leave its place, and nothing is fetched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kirie.board.report.page import report_html
from kirie.errors import UsageError

INDEX = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <script type="module" crossorigin src="./page.js"></script>
    <link rel="stylesheet" crossorigin href="./page.css">
  </head>
  <body>
    <div id="page"></div>
  </body>
</html>
"""


def _built(folder: Path, script: str = "console.log(1)", style: str = "a{color:red}", index: str = INDEX) -> Path:
    for name, text in (("index.html", index), ("page.js", script), ("page.css", style)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _book_of(page: str) -> object:
    found = re.search(r'<script type="application/json" id="frozen">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_script_style_and_book_are_inside(tmp_path: Path) -> None:
    """The file refers to no other one; the book stands before the script, which may use it at once."""
    book = {"answers": {"/api/runs": {"ids": ["a"]}}, "view": "#/runs?runs=a"}
    page = report_html(_built(tmp_path), book)
    assert "page.js" not in page
    assert "page.css" not in page
    assert "console.log(1)" in page
    assert "a{color:red}" in page
    assert page.index('id="frozen"') < page.index("console.log(1)")
    assert _book_of(page) == book
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    "hostile",
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "\u2028\u2029",
        "]]>",
        '"\\',
        "&lt;",
        "\ud800",
        "</SCRIPT >",
    ],
)
def test_no_text_of_a_log_leaves_the_book(tmp_path: Path, hostile: str) -> None:
    """Markup in a name is text, and is read back as it was; the page has the elements that it had."""
    book = {"answers": {hostile: {"name": hostile}}}
    page = report_html(_built(tmp_path), book)
    plain = report_html(_built(tmp_path), {"answers": {}})
    assert _book_of(page) == book
    assert page.lower().count("<script") == plain.lower().count("<script") == 2
    assert page.lower().count("</script") == 2
    assert "<!--" not in page


def test_the_script_may_speak_of_elements(tmp_path: Path) -> None:
    """What would end the script's element inside its own texts is written otherwise, with the same meaning."""
    page = report_html(
        _built(tmp_path, script='const a = "</script><!--", b = /<\\/script>/, c = "\\\\1 \\\\g<0>";'), {}
    )
    assert 'const a = "<\\/script><\\!--"' in page
    assert 'c = "\\\\1 \\\\g<0>"' in page


def test_numbers_that_json_lacks_are_null(tmp_path: Path) -> None:
    """NaN and infinities in an answer do not make a file that no browser reads."""
    assert _book_of(report_html(_built(tmp_path), {"answers": [float("nan"), float("inf"), 1.5]})) == {
        "answers": [None, None, 1.5]
    }


def test_a_page_that_is_not_built_is_told(tmp_path: Path) -> None:
    """Without the built page, or with another one, a sentence says what to do."""
    with pytest.raises(UsageError, match="`make setup` builds it"):
        report_html(tmp_path, {})
    with pytest.raises(UsageError, match="build it anew"):
        report_html(_built(tmp_path, index="<html></html>"), {})
