"""Draws docs/img/cut.png from what the pipeline left: a picture, its labels, and its parts.

python docs/img/cut.py data/character-062/062-2.jpg out/parts/062-2
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

CELL = 256
COLUMNS = 3
GAP = 12
SQUARE = 12


def checkerboard(size: tuple[int, int]) -> Image.Image:
    """What stands for transparency."""
    board = Image.new("RGB", size, "#ffffff")
    pen = ImageDraw.Draw(board)
    for y in range(0, size[1], SQUARE):
        for x in range(0, size[0], SQUARE):
            if (x + y) // SQUARE % 2:
                pen.rectangle((x, y, x + SQUARE - 1, y + SQUARE - 1), fill="#c9c9d6")
    return board


def main(picture: Path, parts: Path) -> None:
    """Writes cut.png beside this file."""
    tiles = [Image.open(picture).convert("RGB"), Image.open(parts / "overlay.png").convert("RGB")]
    for part in sorted((parts / "parts").glob("*.png")):
        layer = Image.open(part).convert("RGBA")
        tile = checkerboard(layer.size)
        tile.paste(layer, mask=layer)
        tiles.append(tile)
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (CELL + GAP) - GAP, rows * (CELL + GAP) - GAP), "#ffffff")
    for at, tile in enumerate(tiles):
        place = (at % COLUMNS * (CELL + GAP), at // COLUMNS * (CELL + GAP))
        sheet.paste(tile.resize((CELL, CELL), Image.Resampling.LANCZOS), place)
    sheet.save(Path(__file__).with_name("cut.png"), optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
