"""A LoRA's weight block by block: so many numbers, in the order of A1111's lora-block-weight extension."""

from __future__ import annotations

from collections.abc import Mapping


def _numbered(side: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"{side}{number:02}" for number in numbers)


BLOCKS: Mapping[int, tuple[str, ...]] = {
    12: ("BASE", *_numbered("IN", 4, 5, 7, 8), "MID", *_numbered("OUT", *range(6))),
    17: ("BASE", *_numbered("IN", 1, 2, 4, 5, 7, 8), "MID", *_numbered("OUT", *range(3, 12))),
    20: ("BASE", *_numbered("IN", *range(9)), "MID", *_numbered("OUT", *range(9))),
    26: ("BASE", *_numbered("IN", *range(12)), "MID", *_numbered("OUT", *range(12))),
}
"""
How many numbers -> the blocks they are for: 17 or 26 for SD 1.x and 2.x, 12 or 20 for SDXL. The shorter rows leave out
the blocks without attention. `BASE` is the text encoder and whatever is in no numbered block.
"""


def checked(factors: tuple[float, ...]) -> tuple[float, ...]:
    """Raises `ValueError` for a number of blocks that no model has; all ones say nothing and are left out."""
    if factors and len(factors) not in BLOCKS:
        raise ValueError(f"Block weights should be {', '.join(map(str, BLOCKS))} numbers, not {len(factors)}")
    return () if all(factor == 1 for factor in factors) else factors


def named(factors: tuple[float, ...]) -> dict[str, float]:
    """Those that change something, by block: `IN04`, `MID`, `OUT11`, `BASE`."""
    return {block: factor for block, factor in zip(BLOCKS.get(len(factors), ()), factors, strict=True) if factor != 1}


def written(factors: tuple[float, ...]) -> str:
    """As `lbw=1,0,0.5,…`; empty where there is nothing to say."""
    return f"lbw={','.join(f'{factor:g}' for factor in factors)}" if factors else ""


def read(said: str) -> tuple[float, ...]:
    """What `written` wrote. Raises `ValueError` for anything else."""
    name, _, numbers = said.partition("=")
    if name.strip() != "lbw":
        raise ValueError(f"{said!r} should begin with lbw=")
    return checked(tuple(float(number) for number in numbers.split(",")))
