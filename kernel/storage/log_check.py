"""Checking the whole log: every leaf is hashed again and every root that was signed is rebuilt.

What this can show: leaves altered, removed, inserted, exchanged or cut off since a checkpoint that
is still here, or that somebody else keeps (``witnessed``). Whoever holds the log key and all copies
of the checkpoints could write another history; therefore checkpoints are given to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

import peewee
from msgspec import Struct, field

from kernel.crypto import canonical, merkle
from kernel.crypto.note import Checkpoint, read_checkpoint
from kernel.errors import OfficeError
from kernel.storage.comparing import Found, Noted, Step
from kernel.storage.database import connection, db
from kernel.storage.log import log_key, raw, size
from kernel.storage.models import LogCheckpoint, LogLeaf, LogNode
from kernel.storage.notes import notebook, size_of

MOST = 1000
"""No more problems than these are listed: one leaf taken out can shift all that follow."""
_STEP = 4096


class Problem(NamedTuple):
    """One thing that does not hold: where (``leaf 17``), and what in Chinese and English."""

    where: str
    what: str


class Report(Struct):
    """What a check found.

    :ivar size: leaves. :ivar checkpoints: notes, witnessed ones included.
    :ivar rows: how many rows were held against what was signed.
    :ivar notes: what could not be compared on this node, and why: no differences.
    """

    size: int
    checkpoints: int = 0
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[Noted] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems

    def add(self, where: str, what: str) -> None:
        """Note a problem, unless there are more than anybody reads."""
        if len(self.problems) < MOST:
            self.problems.append(Problem(where, what))


Reconciler = Callable[[Step], Iterable[Found]]
"""Compares the rows of a room with what was signed: gives (where, what) for each that differs, and
says after each stretch how many it has compared."""

_reconcilers: list[Reconciler] = []


def add_reconciler(reconciler: Reconciler) -> None:
    """Let :func:`verify` ask another room whether its rows and its leaves agree."""
    if reconciler not in _reconcilers:
        _reconcilers.append(reconciler)


def forget_reconcilers() -> None:
    """Ask nobody any more: the node is closed."""
    _reconcilers.clear()


def stored_bytes(value: object) -> bytes:
    """The bytes of a column, also where somebody has put text or nothing in their place."""
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


Progress = Callable[[int], object]
"""Told how many more leaves or rows were checked."""


def verify(progress: Progress | None = None, witnessed: Iterable[str] = ()) -> Report:
    """Check the log from its first leaf on.

    Runs beside the writers; leaves that are integrated meanwhile are left to the next check.

    :param progress: called after each stretch of leaves.
    :param witnessed: checkpoint notes of this log that were kept elsewhere.
    """
    report = Report(0)
    with connection():
        try:
            _check_tree(report, progress, witnessed)
        except (TypeError, ValueError) as error:
            # Whoever may write to the tables can put anything there, words for numbers too.
            report.add("log", unreadable("log", error))
        for reconciler in _reconcilers:
            _reconcile(report, reconciler, progress)
    return report


def unreadable(room: str, error: Exception) -> str:
    """The sentence for what stops a check, and where."""
    return (
        f"{room}：有无法读取的内容，其余各项照常核对；请与备份核对（{error}）"
        f" / {room}: something cannot be read, the rest was checked; compare with a backup"
        f" ({error})"
    )


def _reconcile(report: Report, reconciler: Reconciler, progress: Progress | None) -> None:
    def step(count: int) -> None:
        report.rows += count
        if progress:
            progress(count)

    try:
        for found in reconciler(step):
            if isinstance(found, Noted):
                report.notes.append(found)
            else:
                report.add(*found)
    except Exception as error:
        # A spoilt column may stop the driver itself (bytes that are no text): that is a finding,
        # and the tables of the others are still compared.
        report.add("log", unreadable(getattr(reconciler, "__module__", ""), error))


def _check_tree(report: Report, progress: Progress | None, witnessed: Iterable[str]) -> None:
    signed = _signed(report, witnessed)
    report.size = total = size()
    report.checkpoints = len(signed)
    rebuild = _Rebuild(report)
    cuts = {0, *range(0, total, _STEP), total, *(c.size for _, c in signed if c.size <= total)}
    _check_roots(report, rebuild, [s for s in signed if s[1].size == 0])
    for start, end in pairwise(sorted(cuts)):
        rebuild.take(start, end)
        _check_roots(report, rebuild, [s for s in signed if s[1].size == end])
        if progress:
            progress(end - start)
    _check_ends(report, signed)


Signed = tuple[str, Checkpoint]
"""What the checkpoint is called in the report, and what it says."""


def _signed(report: Report, witnessed: Iterable[str]) -> list[Signed]:
    """All checkpoints whose signature holds; the others become problems."""
    # Read before the rows: a checkpoint is committed before it is noted.
    noted = notebook().notes() if notebook.filled else []
    rows = list(LogCheckpoint.select().order_by(LogCheckpoint.size))
    _check_noted(report, noted, {(row.origin, row.size) for row in rows})
    found: list[tuple[str, str, str, int | None]] = [
        (f"checkpoint {c.size}", c.origin, c.note, c.size) for c in rows
    ]
    found += [("witnessed checkpoint", _ours(note), note, None) for note in witnessed]
    # What the node itself noted outside the database was checked when it was opened.
    newest = notebook().newest if notebook.filled else None
    signed = [] if newest is None else [("noted checkpoint", newest)]
    for name, origin, note, said_size in found:
        try:
            read = read_checkpoint(note, origin, log_key().public)
        except OfficeError as error:
            report.add(name, f"检查点无效 / {error.en}")
            continue
        if said_size not in (None, read.size):
            report.add(name, "检查点与其登记不符 / its row says another size than its note")
        signed.append((name, read))
    return signed


def _check_noted(report: Report, noted: list[str], there: set[tuple[str, int]]) -> None:
    """Name checkpoints of this epoch that were noted outside the database and are not in it."""
    origin, gone = log_key().origin, set()
    for note in noted:
        if note.partition("\n")[0] != origin or (origin, size_of(note)) in there:
            continue
        with suppress(OfficeError):
            gone.add(read_checkpoint(note, origin, log_key().public).size)
    for count in sorted(gone):
        report.add(
            f"checkpoint {count}",
            "检查点已另存，库中却没有，可能已被删除；请报安全保密管理员，并从备份中找回"
            " / was noted outside the database and is not in it any more: tell the security"
            " administrator, look for it in a backup",
        )
    if notebook.filled and not there and size():
        report.add(
            "checkpoints",
            "日志已有记录，库中却没有任何检查点，已被删除；请报安全保密管理员，并从备份中找回"
            " / the log has leaves, and no checkpoint is left: tell the security administrator,"
            " look for them in a backup",
        )


def _ours(note: str) -> str:
    """The name of this log in the epoch that the note speaks of; now, if it is of another log."""
    now, then = log_key().origin, note.partition("\n")[0]
    return then if then.rpartition("/")[0] == now.rpartition("/")[0] else now


def _check_roots(report: Report, rebuild: _Rebuild, signed: list[Signed]) -> None:
    for name, checkpoint in signed:
        if checkpoint.root == rebuild.root():
            rebuild.good = checkpoint.size
        elif not rebuild.differs:
            # Once is enough: all later roots differ as a consequence.
            rebuild.differs = True
            first, last = rebuild.good, checkpoint.size - 1
            report.add(
                name,
                f"第 {first} 至 {last} 条与签名时不同"
                f" / leaves {first} to {last} are not what was signed",
            )


def _check_ends(report: Report, signed: list[Signed]) -> None:
    """Nothing signed may be missing at the end, and no node may stand for a leaf that is gone."""
    longest = max((c.size for _, c in signed), default=0)
    nodes = LogNode.select(peewee.fn.MAX(LogNode.position)).where(LogNode.level == 0)
    # One statement, because the sequencer may add leaves while we look.
    leaf = LogLeaf.select(peewee.fn.MAX(LogLeaf.position))
    last_node, last_leaf = db.execute(peewee.Select(columns=[nodes, leaf])).fetchone()
    there = -1 if last_leaf is None else last_leaf
    expected = max(longest - 1, -1 if last_node is None else last_node)
    if there < expected:
        report.add(
            f"leaf {there + 1}",
            f"日志被截断，缺第 {there + 1} 至 {expected} 条"
            f" / the log was cut off: leaves {there + 1} to {expected} are missing",
        )
    waiting = LogLeaf.select().where(LogLeaf.position.is_null()).order_by(LogLeaf.id)
    for row in waiting.iterator():
        _check_leaf(report, f"waiting leaf {row.id}", row)


def _check_leaf(report: Report, where: str, row: LogLeaf) -> bytes:
    """Hash the bytes again and compare what stands beside them. :returns: the hash."""
    data = raw(row.data)
    value = merkle.leaf_hash(data)
    if value != raw(row.hash):
        report.add(where, "内容已被改动 / its bytes were altered")
    elif not _speaks_of(data, row.kind, row.ref):
        report.add(where, "登记的种类或编号已被改动 / its kind or reference was altered")
    return value


def _speaks_of(data: bytes, kind: str, ref: str) -> bool:
    try:
        said = canonical.loads(data)
        return (said["kind"], said["ref"]) == (kind, ref)
    except (OfficeError, KeyError, TypeError):
        return False


class _Rebuild:
    """The tree, built again from the bytes of the leaves; holds only what covers it so far."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.size = 0
        self.good = 0
        """The size of the last checkpoint whose root was rebuilt."""
        self.differs = False
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._bad: set[tuple[int, int]] = set()

    def root(self) -> bytes:
        """The root over the leaves taken so far."""
        return merkle.subtree_root(self._get, 0, self.size)

    def take(self, start: int, end: int) -> None:
        """Add the leaves of these positions, and compare the stored nodes that they complete."""
        stored = dict(self._stored(start, end))
        hashes = self._hashes(start, end, stored)
        fresh = merkle.append(self._get, start, hashes)
        for level, index, value in sorted(fresh):
            if stored.get((level, index)) != value:
                self._differ(level, index)
        self._nodes.update({(level, index): value for level, index, value in fresh})
        self.size = end
        self._nodes = {key: self._nodes[key] for key in merkle.peaks(0, end)}

    def _get(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]

    def _hashes(self, start: int, end: int, stored: dict[tuple[int, int], bytes]) -> list[bytes]:
        rows = LogLeaf.select().where((LogLeaf.position >= start) & (LogLeaf.position < end))
        found = {row.position: row for row in rows.iterator()}
        hashes = []
        for position in range(start, end):
            if position in found:
                before = len(self.report.problems)
                hashes.append(_check_leaf(self.report, f"leaf {position}", found[position]))
                if len(self.report.problems) > before:
                    self._bad.add((0, position))
            else:
                self.report.add(f"leaf {position}", "已被删除 / it was removed")
                hashes.append(stored.get((0, position), bytes(32)))
        return hashes

    def _stored(self, start: int, end: int) -> Iterator[tuple[tuple[int, int], bytes]]:
        level = 0
        while end >> level:
            rows = LogNode.select(LogNode.position, LogNode.hash).where(
                (LogNode.level == level)
                & (LogNode.position >= start >> level)
                & (LogNode.position < end >> level)
            )
            for position, value in rows.tuples().iterator():
                yield (level, position), raw(value)
            level += 1

    def _differ(self, level: int, index: int) -> None:
        below = {(level - 1, 2 * index), (level - 1, 2 * index + 1)}
        known = (level, index) in self._bad or below & self._bad
        self._bad.add((level, index))
        if known:
            return
        if level == 0:
            what = "不是当初编入的那一条 / it is not the leaf that was integrated here"
            self.report.add(f"leaf {index}", what)
        else:
            what = "树节点已被改动或删除 / this node of the tree was altered or removed"
            self.report.add(f"node {level}/{index}", what)
