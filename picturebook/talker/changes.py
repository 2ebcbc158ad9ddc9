"""What people may want changed in a picture, with how often."""

from __future__ import annotations

from collections.abc import Mapping

from picturebook.talker.changed_contents import (
    added,
    displaced,
    moved,
    placed_by_name,
    removed,
    replaced,
    rewritten,
    unwanted,
)
from picturebook.talker.changed_looks import (
    all_recoloured,
    aside,
    counted,
    looking,
    one_more,
    only_one,
    recoloured,
    recoloured_by_colour,
)
from picturebook.talker.changed_settings import guided, scheduled, seeded, sized, stepped
from picturebook.talker.voice import Maker

CHANGES: Mapping[Maker, float] = {
    recoloured: 20,
    recoloured_by_colour: 3,
    all_recoloured: 2,
    replaced: 11,
    moved: 12,
    placed_by_name: 4,
    displaced: 1.5,
    rewritten: 0.7,
    added: 10,
    removed: 8,
    unwanted: 4,
    counted: 5,
    one_more: 1.5,
    only_one: 1,
    aside: 1.5,
    looking: 8,
    seeded: 3,
    stepped: 4,
    guided: 3,
    scheduled: 2,
    sized: 5,
}
