"""The section of a model card with lines that run."""

from __future__ import annotations

from kirie.core.bundle import Manifest


def use(manifest: Manifest, cut: str, lines: str) -> str:
    """How the model is run, with kirie and without it.

    Args:
        manifest: The bundle's.
        cut: What pictures are cut into.
        lines: Python that runs the model on `pixels`.
    """
    size = f"({manifest.width}, {manifest.height})"
    if manifest.mode == "fit":
        framed = f"ImageOps.pad(picture, {size}, Image.Resampling.BILINEAR)"
    else:
        framed = f"picture.crop((0, 0, *{size}))"
    return f"""## Use

`kirie predict PICTURES --bundle DIR --out DIR` cuts pictures of any size into their {cut}. Without kirie, with numpy,
pillow and onnxruntime:

```python
import numpy, onnxruntime
from PIL import Image, ImageOps
picture = Image.open("picture.png").convert("RGB")
pixels = numpy.asarray({framed})[None]
{lines}
```"""
