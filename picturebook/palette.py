"""The paints of the picture book: ten colours for things, and the fixed colours of their details."""

from __future__ import annotations

from dataclasses import dataclass

from picturebook.scene import Colour

RGB = tuple[int, int, int]


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """`one` with `share` of it (0 to 1) replaced by `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


@dataclass(frozen=True)
class Paint:
    """How a shape is filled and outlined; a shape without an edge is only filled."""

    fill: RGB
    edge: RGB | None
    light: RGB

    @property
    def shine(self) -> Paint:
        """The highlight, without an outline."""
        return Paint(self.light, None, self.light)

    @property
    def deep(self) -> Paint:
        """A little towards the outline: a roof, a fin, the far side."""
        return Paint(mix(self.fill, self.edge or self.fill, 0.4), self.edge, self.fill)

    @property
    def line(self) -> Paint:
        """The outline's shade as a fill, for strokes inside a body."""
        return Paint(self.edge or self.fill, None, self.fill)


def shaded(fill: RGB) -> Paint:
    return Paint(fill, mix(fill, (20, 8, 30), 0.3), mix(fill, (255, 255, 255), 0.36))


def solid(fill: RGB) -> Paint:
    """An outline of the fill's own colour: unseen, until a style draws every outline in lead."""
    return Paint(fill, fill, fill)


def flat(fill: RGB) -> Paint:
    return Paint(fill, None, fill)


PAINTS: dict[Colour, Paint] = {
    "black": Paint((48, 48, 56), (98, 100, 112), (88, 90, 100)),
    "blue": shaded((44, 96, 222)),
    "brown": shaded((134, 80, 44)),
    "green": shaded((44, 156, 66)),
    "orange": shaded((250, 134, 22)),
    "pink": shaded((252, 140, 190)),
    "purple": shaded((146, 66, 204)),
    "red": shaded((220, 40, 44)),
    "white": Paint((252, 252, 252), (160, 176, 206), (228, 234, 246)),
    "yellow": Paint((255, 220, 40), (210, 160, 30), (255, 244, 170)),
}

CREAM = Paint((255, 242, 212), (176, 146, 112), (255, 250, 236))
WOOD = Paint((150, 100, 62), (92, 58, 38), (182, 132, 90))
LEAF = Paint((96, 178, 74), (48, 112, 52), (146, 208, 112))
AMBER = Paint((248, 178, 46), (164, 98, 30), (255, 220, 130))
GLASS = Paint((196, 232, 248), (86, 130, 164), (236, 248, 255))
DARK = Paint((46, 42, 56), (98, 94, 112), (84, 80, 98))
FLAME = Paint((255, 150, 44), (214, 84, 32), (255, 226, 110))
TEAL = Paint((52, 176, 176), (24, 108, 116), (120, 214, 210))
ROSE = Paint((240, 130, 150), (176, 70, 96), (255, 190, 200))
SNAIL_SKIN = Paint((236, 206, 160), (158, 118, 80), (250, 228, 194))
LEAD: RGB = (26, 24, 34)
PAPER: RGB = (252, 247, 234)
