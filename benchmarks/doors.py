"""Whether every door leads to the same picture, and whether none lets in who should stay outside: T5 and T14."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from agent.settings import Settings
from agent.workshop import open_workshop
from benchmarks.results import Row, rate
from tests.open_house import HeldRenderer, House, desk_of, open_house, served, small_bench
from tests.test_conformance import DOORS, Asked, drawn, half_white
from tests.test_guard import EVIL, MCP, doors_of
from ui.doors.guard import Guard

WISHES = ("a toadstool on grass", "a red house", "two yellow cars, stained glass", "a green tree at night")
SEEDS = (0, 5, 2**32 - 1)


def same(share: float) -> list[Row]:
    """T5, on the picture book's own models."""
    hits: list[bool] = []
    with TemporaryDirectory() as folder:
        bench = open_workshop(Settings(data=Path(folder), loras=(), chat="none")).bench
        with open_house(bench, Path(folder)) as house:
            wishes = list(asked(house))
            for wish in wishes[: max(1, round(share * len(wishes)))]:
                first, *others = (door(house, wish) for door in DOORS.values())
                hits += [other == first for other in others]
        bench.base.close()
    what = f"the same drawing through {', '.join(DOORS)}: equal recipe hash and pixels"
    return [rate("T5", what, hits, 1.0, "equal")]


def asked(house: House) -> Iterator[Asked]:
    """New pictures, pictures that begin with another, and pictures of which a part is repainted."""
    start = drawn(house)
    how: tuple[Callable[[str, int], Asked], ...] = (
        Asked,
        lambda prompt, seed: Asked(prompt, seed, loras=("stained glass",)),
        lambda prompt, seed: Asked(prompt, seed, start=start),
        lambda prompt, seed: Asked(prompt, seed, start=start, mask=half_white()),
    )
    for seed, prompt, made in product(SEEDS, WISHES, how):
        yield made(prompt, seed)


def refused(share: float) -> list[Row]:
    """T14; it takes a moment, whatever the share."""
    with TemporaryDirectory() as folder:
        desk = desk_of(small_bench(Path(folder), HeldRenderer()), Path(folder))
        with served(desk, Guard()) as url, httpx.Client(base_url=url) as client:
            doors = doors_of(desk)
            hits = [
                client.request(method, path, headers={**MCP, **headers}).status_code == status
                for (headers, status), (method, path) in product(EVIL.values(), doors)
            ]
    what = f"foreign Host or Origin at {len(doors)} doors: refused"
    return [rate("T14", what, hits, 1.0, "equal")]
