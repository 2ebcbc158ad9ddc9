"""What a process touches while it is watched: the files it opens, the addresses it calls, the programs it starts."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGED = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
STARTED = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
CODE = tuple(
    Path(folder).resolve()
    for folder in (sys.prefix, sys.base_prefix, *site.getsitepackages(), Path(__file__).parent.parent)
)
"""Where programs and the models that come with them lie: read by whoever imports them."""
SYSTEM = tuple(map(Path, ("/dev", "/proc", "/sys", "/etc/ssl", "/etc/localtime", "/usr/share/zoneinfo")))


@dataclass
class Watch:
    """`folder` may be read and written, `port` on this machine called; all else that is touched is told."""

    folder: Path
    port: int
    touched: list[str] = field(default_factory=list)
    active: bool = False

    def heard(self, event: str, given: Sequence[Any]) -> None:
        if not self.active:
            return
        match event:
            case "open" if isinstance(given[0], str | bytes | os.PathLike):
                self._opened(os.fsdecode(given[0]), given[1], given[2])
            case "sqlite3.connect":
                self._opened(os.fsdecode(given[0]), "w", 0)
            case "socket.connect":
                self._called(given[1])
            case _ if event in CHANGED:
                self._opened(os.fsdecode(given[0]), "w", 0)
            case _ if event in STARTED:
                self.touched.append(f"{event} {given[0]!r}")

    def _opened(self, name: str, mode: str | None, flags: int) -> None:
        path = Path(name).resolve()
        writes = bool(flags & WRITING) if mode is None else any(letter in mode for letter in "wax+")
        readable = (self.folder,) if writes else (self.folder, *CODE, *SYSTEM)
        if name != os.devnull and not any(path.is_relative_to(folder) for folder in readable):
            self.touched.append(f"{'wrote' if writes else 'read'} {path}")

    def _called(self, address: Any) -> None:
        if isinstance(address, tuple) and address[:2] != ("127.0.0.1", self.port):
            self.touched.append(f"called {address[0]}:{address[1]}")


@contextmanager
def watched(folder: Path, port: int) -> Iterator[Watch]:
    """The hook stays for as long as the process lives; it hears nothing after the block."""
    watch = Watch(folder.resolve(), port)
    sys.addaudithook(watch.heard)
    watch.active = True
    try:
        yield watch
    finally:
        watch.active = False
