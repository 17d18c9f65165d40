"""Tables in Markdown, for the model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def number(value: object) -> str:
    """A score with four places, or a dash."""
    return f"{value:.4f}" if isinstance(value, int | float) else "-"


def cell(text: str) -> str:
    """A label's name comes from a file; it must not break the table."""
    return " ".join(text.replace("|", "\\|").split())


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
