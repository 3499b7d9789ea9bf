"""Power cuts: what was written and not yet synced may be lost, kept, or torn; the rest stays.

One run of the load is recorded below the program, call by call, for the node and the signer
together: writes, syncs, renames, and the moments at which somebody was told something. Then the
power is cut at many places of that record. Of each file the bytes up to its last sync are there;
each later write is dropped, kept, or kept in some of its sectors of 512 bytes; names that were
given or taken away are sure once their own folder was synced, before that a first part of them. The
node has to come up from that and to know everything that was told before the cut.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kernel.node import open_node
from tests.faults.bench import forked_signer
from tests.faults.child import Say
from tests.faults.kills import held, straced
from tests.faults.load import Load
from tests.faults.run import Options, Row, note
from tests.faults.shapes import Seen, exact

CALLS = (
    "openat,lseek,pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,sendto"
)
SECTOR = 512
END = -1
"""Where a file begins to be written that was opened for appending."""
CUTS_OF_ONE = 500
"""Cuts in one record, before the load is recorded anew with another seed."""
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_HANDLE = re.compile(r"^(\d+)<([^>]*)>")


@dataclass(frozen=True)
class Event:
    """One thing in the record: ``write``, ``cut``, ``sync``, ``name``, ``gone``, ``folder``,
    ``new``, ``told``."""

    what: str
    path: str = ""
    at: int = 0
    data: bytes = b""
    to: str = ""


# ── recording ───────────────────────────────────────────────────────────────────────────


def record(options: Options, place: Path, seed: int) -> list[Event]:
    """Run the load under strace; what it did to the files of the node, in order."""
    log = options.bench.folder / "power.log"

    def at_work(say: Say) -> None:
        options.plant()
        with open_node(options.bench.settings(place)):
            load = Load(options.bench.facts, say)
            load.run(load.mixed(seed))

    with forked_signer(place) as signer:
        child, let_go = held(at_work)
        what = ["-o", str(log), "-y", "-xx", "-s", "1000000", f"--trace={CALLS}"]
        with straced(child.pid, "-p", str(signer.pid), *what):
            let_go()
            child.end()
    defects = child.facts("defect")
    assert not defects, defects
    with log.open(encoding="ascii", errors="replace") as lines:
        return list(_Reader(place, child.pid).events(lines))


class _Reader:
    """Reads a strace log."""

    def __init__(self, place: Path, node: int) -> None:
        self._root = str(place) + "/"
        self._node = node
        self._position: dict[tuple[bool, int], int] = {}
        self._appending: set[tuple[bool, int]] = set()

    def events(self, lines: Any) -> Iterator[Event]:
        begun: dict[str, str] = {}
        for line in lines:
            pid = line.partition(" ")[0]
            if "<unfinished ...>" in line:
                begun[pid] = line.rpartition(" <unfinished")[0]
                continue
            resumed = re.match(r"^(\d+) +<\.\.\. \w+ resumed>(.*)", line, re.S)
            if resumed:
                line = begun.pop(pid, "") + resumed[2]
            found = _LINE.match(line)
            if found and int(found[4]) >= 0:
                yield from self._event(int(found[1]), found[2], found[3], int(found[4]), line)

    def _event(self, pid: int, call: str, given: str, result: int, line: str) -> Iterator[Event]:
        if call == "sendto":
            yield from _told(given)
        elif call == "openat":
            yield from self._opened(pid, given, result, line)
        elif call in ("mkdir", "unlink", "unlinkat", "rename", "renameat", "renameat2"):
            yield from self._named(call, given)
        else:
            yield from self._written(pid, call, given, result)

    def _opened(self, pid: int, given: str, result: int, line: str) -> Iterator[Event]:
        key = (pid == self._node, result)
        self._position[key] = 0
        (self._appending.add if "O_APPEND" in given else self._appending.discard)(key)
        path = self._path(_strings(given)[0])
        if path and "O_CREAT" in given:
            yield Event("new", path)
        if path and "O_TRUNC" in given:
            yield Event("cut", path)

    def _named(self, call: str, given: str) -> Iterator[Event]:
        paths = [self._path(one) for one in _strings(given)]
        if all(paths):
            if call.startswith("rename"):
                yield Event("name", paths[0], to=paths[1])
            else:
                yield Event("folder" if call == "mkdir" else "gone", paths[0])

    def _written(self, pid: int, call: str, given: str, result: int) -> Iterator[Event]:
        handle = _HANDLE.match(given)
        if handle is None:
            return
        key = (pid == self._node, int(handle[1]))
        path = self._path(_text(handle[2]))
        if call == "lseek":
            self._position[key] = result
        elif not path:
            return
        elif call in ("fsync", "fdatasync"):
            yield Event("sync", path)
        elif call == "ftruncate":
            yield Event("cut", path, at=int(given.rpartition(",")[2]))
        elif call == "pwrite64":
            data = _raw(_BYTES.search(given))[:result]
            yield Event("write", path, int(given.rpartition(",")[2]), data)
        else:
            at = END if key in self._appending else self._position.get(key, 0)
            self._position[key] = at + result
            yield Event("write", path, at, _raw(_BYTES.search(given))[:result])

    def _path(self, path: str) -> str:
        """The path within the node, empty for what is elsewhere or does not outlive a process."""
        inside = path.removeprefix(self._root) if path.startswith(self._root) else ""
        if path + "/" == self._root:
            return "."
        return "" if passing(inside) or " (deleted)" in path else inside


def passing(inside: str) -> bool:
    """Whether a file does not outlive its processes, or nobody misses it."""
    return inside.startswith(("run/", "logs/")) or inside.endswith((".lock", "-shm"))


def _strings(given: str) -> list[str]:
    plain = re.sub(r"<[^>]*>", "", given)
    return [_raw(one).decode() for one in _BYTES.finditer(plain)]


def _raw(found: re.Match[str] | None) -> bytes:
    return b"" if found is None else bytes.fromhex(found[1].replace("\\x", ""))


def _text(path: str) -> str:
    return _raw(_BYTES.match(f'"{path}"')).decode() if path.startswith("\\x") else path


def _told(given: str) -> Iterator[Event]:
    data = _raw(_BYTES.search(given))
    for line in data.splitlines():
        if line.startswith((b'{"ack"', b'{"asked"')):
            yield Event("told", data=line)


# ── cutting ─────────────────────────────────────────────────────────────────────────────


@dataclass
class _File:
    """The bytes that are sure, and what was written to them since the last sync."""

    sure: bytes = b""
    pending: list[Event] = field(default_factory=list)
    size: int = 0

    def write(self, event: Event) -> None:
        """Note a write, which may be lost, or a new length."""
        if event.at == END:
            event = replace(event, at=self.size)
        after = event.at + len(event.data)
        self.size = after if event.what == "cut" else max(self.size, after)
        self.pending.append(event)

    def after(self, draw: random.Random, mode: str) -> bytes:
        """What the disk holds after the cut."""
        data = bytearray(self.sure)
        for event in self.pending:
            if mode == "drop" or (mode == "mixed" and draw.random() < 0.5):
                continue
            _apply(data, event, draw if mode == "mixed" and draw.random() < 0.5 else None)
        return bytes(data)


def _apply(data: bytearray, event: Event, torn: random.Random | None = None) -> None:
    if event.what == "cut":
        data[:] = bytes(data[: event.at]).ljust(event.at, b"\0")
        return
    if len(data) < event.at + len(event.data):
        data.extend(bytes(event.at + len(event.data) - len(data)))
    for start in range(0, len(event.data), SECTOR):
        if torn is None or torn.random() < 0.5:
            piece = event.data[start : start + SECTOR]
            data[event.at + start : event.at + start + len(piece)] = piece


class Disk:
    """The files of the node as the record goes on; :meth:`cut` says what a power cut leaves."""

    def __init__(self, template: Path) -> None:
        self._template = template
        self._files: list[_File] = []
        self._names: dict[str, int] = {}
        self._sure: dict[str, int] = {}
        self._pending: list[Event] = []
        self._pending_file: list[int] = []
        self.told: list[dict[str, Any]] = []

    def do(self, event: Event) -> None:
        """Go on by one event."""
        if event.what == "told":
            self.told.append(json.loads(event.data))
        elif event.what == "sync":
            self._sync(event.path)
        elif event.what in ("write", "cut"):
            self._files[self._number(event.path)].write(event)
        elif event.what != "new" or not self._there(event.path):
            self._name(event)

    def _there(self, path: str) -> bool:
        return path in self._names or (self._template / path).exists()

    def _number(self, path: str) -> int:
        if path not in self._names:
            old = self._template / path
            data = old.read_bytes() if old.is_file() else b""
            self._files.append(_File(data, size=len(data)))
            self._names[path] = len(self._files) - 1
            if old.is_file():
                self._sure[path] = self._names[path]
        return self._names[path]

    def _name(self, event: Event) -> None:
        if event.what == "new":
            self._files.append(_File())
            self._names[event.path] = len(self._files) - 1
            number = self._names[event.path]
        elif event.what == "folder":
            number = -1
        else:
            number = self._number(event.path)
            del self._names[event.path]
            if event.what == "name":
                self._names[event.to] = number
        self._pending.append(event)
        self._pending_file.append(number)

    def _sync(self, path: str) -> None:
        if path in self._names or (self._template / path).is_file():
            file = self._files[self._number(path)]
            data = bytearray(file.sure)
            for event in file.pending:
                _apply(data, event)
            file.sure, file.pending = bytes(data), []
            return
        # A folder: the names in it are sure, and no others.
        pairs = list(zip(self._pending, self._pending_file, strict=True))
        inside = [pair for pair in pairs if _folder(pair[0].to or pair[0].path) == path]
        # What came here from another folder is not there any more, whatever its folder knows.
        moved = {event.path for event, _ in inside if event.what == "name"}
        gone = [pair for pair in pairs if (pair[0].to or pair[0].path) in moved]
        others = [pair for pair in pairs if pair not in inside and pair not in gone]
        _settle(self._sure, inside)
        self._pending = [event for event, _ in others]
        self._pending_file = [number for _, number in others]

    def cut(self, place: Path, draw: random.Random, mode: str = "") -> None:
        """Lay out in a copy of the template what the disk holds after a cut at this moment.

        :param mode: ``drop`` or ``keep`` all that was not synced, or ``mixed``; drawn if empty.
        """
        mode = mode or draw.choice(["drop", "keep", "mixed", "mixed"])
        count = {"drop": 0, "keep": len(self._pending)}.get(
            mode, draw.randint(0, len(self._pending))
        )
        names = dict(self._sure)
        _settle(names, list(zip(self._pending, self._pending_file, strict=True))[:count])
        for name, number in names.items():
            path = place / name.lstrip("\0")
            if name.startswith("\0"):
                path.unlink(missing_ok=True)
            elif number < 0:
                path.mkdir(exist_ok=True, mode=0o700)
            else:
                path.parent.mkdir(exist_ok=True, parents=True, mode=0o700)
                path.write_bytes(self._files[number].after(draw, mode))
                path.chmod(0o600)


def _settle(names: dict[str, int], pairs: Iterable[tuple[Event, int]]) -> None:
    """Let names that were given and taken away come true."""
    for event, number in pairs:
        if event.what == "new":
            names[event.path] = number
        elif event.what == "folder":
            names[event.path + "/"] = -1
        else:
            names.pop(event.path, None)
            names[event.to or "\0" + event.path] = number


def _folder(path: str) -> str:
    return str(Path(path).parent)


def unlike(options: Options, place: Path, events: list[Event]) -> list[str]:
    """Whether the record as a whole gives the very files that the load has left: only then is
    what a cut makes of it worth anything."""
    disk, copy = Disk(options.bench.template), options.bench.fresh()
    for event in events:
        disk.do(event)
    disk.cut(copy, random.Random(0), "keep")
    made, real = _contents(copy), _contents(place)
    options.bench.drop(copy)
    wrong = sorted(name for name in made.keys() | real.keys() if made.get(name) != real.get(name))
    return [f"X the record does not give {name}" for name in wrong]


def _contents(place: Path) -> dict[str, bytes]:
    files = (path for path in place.rglob("*") if path.is_file())
    named = {str(path.relative_to(place)): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if not passing(name)}


def power_cuts(options: Options, row: Row) -> None:
    """Record, then cut at places drawn over the record."""
    total = options.count(12, 2000)
    events = looked = 0
    for first in range(0, total, CUTS_OF_ONE):
        seed = options.seed * 1000 + first
        place = options.bench.fresh()
        found = record(options, place, seed)
        row.violations += unlike(options, place, found)
        options.bench.drop(place)
        events += len(found)
        seen = Seen(1)
        over = _cuts(options, row, found, seen, seed, min(CUTS_OF_ONE, total - first))
        looked += seen.looked
        row.note = f"{events} calls recorded; {looked} different states, each looked through whole"
        if over:
            return


def _cuts(
    options: Options, row: Row, events: list[Event], seen: Seen, seed: int, count: int
) -> bool:
    draw = random.Random(seed)
    places = sorted(draw.randint(1, len(events)) for _ in range(count))
    disk, done = Disk(options.bench.template), 0
    for place in places:
        for event in events[done:place]:
            disk.do(event)
        done = place
        copy = options.bench.fresh()
        disk.cut(copy, draw)
        state, wrong = exact(copy, len(disk.told))
        if not seen.enough(state):
            wrong += options.look(copy, list(disk.told), seen.looked)
        options.bench.drop(copy)
        if note(options, row, options.count(12, 2000), wrong, f"seed {seed}, call {place}"):
            return True
    return False
