"""Where things lie: frames of head and body in the picture, and the turn of a head as a bend of its coordinates.

Head units: 1 is half the width of a face. The head's origin lies at its middle, the eyes at y = 0.22, the chin at
y = 1.12, the crown at y = -1.5. The body's origin lies at the base of the neck, the shoulders at y = 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from kirie.synth.canvas import Cel
from kirie.synth.character import Character
from kirie.synth.curves import Frame, Points, as_points
from kirie.synth.palette import Color, line
from kirie.synth.pose import Pose

NECK = 1.3
"""From the head's origin down to the body's."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A character in a pose, placed in a picture.

    Attributes:
        character: Who.
        pose: How.
        head: Head units to pixels.
        body: Body units to pixels.
        zoom: Pixels per head unit.
        pen: Width of line art in pixels.
    """

    character: Character
    pose: Pose
    head: Frame
    body: Frame
    zoom: float
    pen: float

    @classmethod
    def placed(cls, character: Character, pose: Pose, size: int) -> Rig:
        """Places a character in a picture of `size` pixels."""
        zoom = pose.zoom * size / 256
        camera = Frame.placed(pose.offset[0] * size, pose.offset[1] * size, scale=zoom)
        body = camera.after(Frame.turned(pose.lean, (0.0, 3.4))).after(Frame.placed(0.0, NECK))
        head = body.after(Frame.turned(pose.tilt, (0.0, -0.25))).after(Frame.placed(0.0, -NECK))
        pen = (0.62 + 0.0115 * pose.zoom) * size / 256
        return cls(character, pose, head, body, zoom, pen)

    def on_head(self, points: ArrayLike, depth: float = 1.0) -> Points:
        """Head coordinates to pixels.

        Args:
            points: In head units.
            depth: How far in front of the head's axis: 1 for the face's features, 0 for its silhouette, below 0 for
                what lies behind. A turn moves what is in front and narrows its far side.
        """
        p = as_points(points).copy()
        turn, nod = self.pose.turn * depth, self.pose.nod * depth
        p[:, 0] += 0.2 * turn * (1.0 - 0.62 * p[:, 0] ** 2).clip(-0.3, 1.0)
        p[:, 1] += 0.07 * nod * (1.0 - 0.4 * p[:, 1] ** 2).clip(0.0, 1.0)
        return self.head.apply(p)

    def on_body(self, points: ArrayLike) -> Points:
        """Body coordinates to pixels."""
        return self.body.apply(points)

    def cel(self, name: str, label: str | None, fill: Color, pen: float = 1.0) -> Cel:
        """A new layer whose line art suits a fill colour."""
        return Cel(name, label, line(fill), self.pen * pen)
