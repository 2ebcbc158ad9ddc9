"""The drawings that every part is trained on, so that each is drawn once."""

from __future__ import annotations

from picturebook.album import Album, open_album
from picturebook.scene import Style
from picturebook.training.loop import Studio

DRAWN: dict[Style, int] = {"plain": 16000, "stained glass": 2000, "watercolour": 2000}


def style_album(studio: Studio, style: Style = "plain") -> Album:
    return open_album(studio.cache, studio.count(DRAWN[style]), 0, style, studio.say)
