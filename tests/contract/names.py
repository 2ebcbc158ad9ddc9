"""Names of collections for one test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Names no other test uses, so that a server can be shared; what was made with them is dropped in the end."""

    token: str
    made: list[str]

    def __call__(self, name: str) -> str:
        self.made.append(f"contract {self.token} {name}")
        return self.made[-1]
