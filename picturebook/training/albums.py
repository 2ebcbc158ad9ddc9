"""The drawings that every part is trained on, so that each is drawn once."""

from __future__ import annotations

from picturebook.album import Album, open_album
from picturebook.scene import Style
from picturebook.training.loop import Studio

PLAIN, STYLED = 30000, 3000
"""Drawings of the plain style, and of each other."""


def style_album(studio: Studio, style: Style = "plain") -> Album:
    return open_album(studio.cache, studio.count(PLAIN if style == "plain" else STYLED), 0, style, studio.say)
