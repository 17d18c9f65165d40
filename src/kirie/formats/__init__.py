"""Annotations as people left them, read into samples: one reader per format, one way to open a folder."""

from kirie.formats.base import Entry
from kirie.formats.source import Source, open_source

__all__ = ["Entry", "Source", "open_source"]
