"""The controls behind the rows of the threat table, and how each is taken away.

``test_controls.py`` takes each away and runs the test of its row, which has to fail then: a test
that passes without the control proves nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml.ElementTree import DefusedXMLParser
from msgspec.structs import replace

from kernel import node
from kernel.acts import (
    gate,
    hold,
    ledger,
    numbering,
    numbers,
    preimages,
    prepared,
    signatures,
    standing,
)
from kernel.acts.house import grants
from kernel.acts.models import Number, Series
from kernel.cli.deadlines import DeadlineProtocol
from kernel.crypto import acts_format, webauthn
from kernel.exchange import package as packages
from kernel.exchange import shown_deliveries, shown_packages, submission
from kernel.exchange.refusals import PackageRefused
from kernel.exchange.verdict import Verdict
from kernel.identity import credentials, sessions
from kernel.identity.desk import Desk
from kernel.plugins.bus import Bus
from kernel.portal import ctx, export, origin, render, routing
from kernel.portal.admission import Admission
from kernel.portal.constants import PageEnvironment
from kernel.slots import Slot
from kernel.storage import blobs, log_check
from kernel.storage.backup import manifest, sealed
from kernel.work import logs, markup, zips
from plugins.documents import proving

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Control:
    """One control of a row. :ivar remove: takes it away for the rest of a test."""

    row: int
    name: str
    remove: Callable[[Patch], object]


THREATS = {
    1: "会话被盗 a stolen session cookie",
    2: "安全认证插件被盗 a stolen security key",
    3: "重放登录或签名 a forged or replayed challenge",
    4: "越权查看其他单位 an insider of another unit",
    5: "从搜索、列表、导出旁窥 side channels of search, lists and exports",
    6: "部门管理员越权授权 a malicious department administrator",
    7: "系统管理员直接改库 a malicious system administrator with a shell",
    8: "篡改数据文件和备份 tampered files and backups",
    9: "换回旧数据库 an old database put back",
    10: "插件失常 a plugin that misbehaves",
    12: "伪造、重放公文包 forged and repeated packages",
    14: "恶意压缩包 path traversal, zip slip, zip bombs",
    15: "恶意 XML (XXE, billion laughs)",
    18: "存储型跨站脚本 stored XSS",
    19: "表格公式注入 formula injection",
    20: "主题模板注入 template injection by themes",
    21: "跨站请求伪造 CSRF",
    22: "审批与用印之间被改 edited between approval and seal",
    23: "抢号 race for a number",
    24: "慢速连接和拥挤 slow clients and crowds",
    25: "磁盘写满 disk full",
    26: "否认办理 an act that is denied",
    27: "日志泄露内容 words in the log",
    28: "伪造日志行 forged lines in the log",
}
"""The rows of the threat table that are proved here."""


def nothing(*_: Any, **__: Any) -> None:
    """In the place of a check that refuses by raising."""


def agreeing(*_: Any) -> list[Any]:
    """In the place of a check that names what differs."""
    return []


def without(module: Any, name: str, instead: Any = nothing) -> Callable[[Patch], object]:
    """Put something else in the place of a function that checks."""
    return lambda patch: patch.setattr(module, name, instead)


def without_check(function: Any) -> Callable[[Patch], object]:
    """Take the check away that a verb declares."""
    return lambda patch: patch.setattr(function, "verb", replace(function.verb, check=None))


def _any_row(cls: Any, uid: str, desk: Desk) -> Any:
    return cls.get(cls.uid == uid)


def _revoked_too(uid: str, person: str, at: Any = None) -> Any:
    return credentials.read(uid)


def _everybody(_: Desk) -> frozenset[str]:
    return frozenset({"organ:620700-CPCO", "organ:620700-GFIN"})


def _trusting(report: Any, where: str, row: Any) -> bytes:
    return bytes(row.hash)


class _Unauthenticated:
    """AES-GCM without its tag: decrypts whatever it is given."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def decrypt(self, nonce: bytes, data: bytes, _bound: bytes | None) -> bytes:
        counter = modes.CTR(nonce + (2).to_bytes(4, "big"))
        return Cipher(algorithms.AES(self._key), counter).decryptor().update(data[:-16])


def _blobs_unchecked(patch: Patch) -> None:
    def segments(self: Any, digest: str) -> Any:
        with self._file(digest) as file:
            salt = blobs._HEADER.unpack(file.read(blobs._HEADER.size))[1]
            cipher = _Unauthenticated(self._file_key(salt))
            number = 0
            while sealed := file.read(blobs.SEGMENT + 16):
                yield cipher.decrypt(blobs._nonce(number), sealed, None)
                number += 1

    patch.setattr(blobs.BlobStore, "open", segments)


def _backups_unchecked(patch: Patch) -> None:
    def chunk(self: Any, data: bytes, *, last: bool) -> bytes:
        return _Unauthenticated(self.key).decrypt(self._nonce(), data, None)

    begin = sealed._Chunks.__init__

    def keeping_the_key(self: Any, key: bytes, head: bytes) -> None:
        begin(self, key, head)
        self.key = key

    patch.setattr(sealed._Chunks, "__init__", keeping_the_key)
    patch.setattr(sealed._Chunks, "open", chunk)
    patch.setattr(manifest.Part, "__eq__", lambda *_: True)


def _passed_on(_: Bus, plugin: str, hook: str, error: Exception) -> None:
    raise error


def _unescaped(patch: Patch) -> None:
    def environment(**options: Any) -> PageEnvironment:
        # Compiled anew, because what was compiled with escaping keeps it.
        given = {**options, "autoescape": False, "bytecode_cache": None}
        return PageEnvironment(**given)

    patch.setattr(render, "PageEnvironment", environment)


def _whatever(desk: Desk, statement: Any) -> Any:
    return prepared.subject_of(desk, statement)


def _read_then_write(organ: str, name: str, year: int, subject: Any, *, expected: int) -> None:
    series = numbers._series(organ, name, year)
    Series.update(next=series.next + 1).where(Series.id == series.id).execute()
    Number.create(series=series, value=expected, kind=subject.kind, subject=subject.uid)


async def _let_in(_: Admission, door: asyncio.Semaphore) -> None:
    if not door.locked():
        await door.acquire()


def _signatures_unchecked(patch: Patch) -> None:
    # First in the office itself, which is founded already; then in the reader of records.
    patch.setattr(acts_format.suites, "verify", nothing)


def _everything_logged(patch: Patch) -> None:
    patch.setattr(logs, "plain", lambda value: value)
    patch.setattr(logs, "places", lambda error: [str(error)])


def _as_it_reads(data: bytes, roots: Any) -> Any:
    try:
        return Verdict(100, None, packages.read(data))
    except PackageRefused as refusal:
        return Verdict(refusal.number, refusal)


def _plain_parser(*, target: Any, **forbidden: bool) -> Any:
    return DefusedXMLParser(target=target, **dict.fromkeys(forbidden, False))


def _any_theme(patch: Patch) -> None:
    def renderer(themes: Any, *rest: Any, **more: Any) -> Any:
        own = origin.settings().instance / "themes"
        return render.Renderer([own], *rest, **{**more, "own": None})

    patch.setattr(node, "Renderer", renderer)


CONTROLS = [
    Control(1, "sessions end on the server", without(sessions, "end")),
    Control(1, "tokens are stored as hashes", without(sessions, "_hash", lambda token: token)),
    Control(1, "a session ends when it is not used", without(sessions, "IDLE", sessions.LONGEST)),
    Control(2, "a signature for each act", without(gate, "check_signature")),
    Control(2, "the state of the key now", without(credentials, "active", _revoked_too)),
    Control(2, "the key verified its owner", without(webauthn, "check_flags")),
    Control(3, "single use, one session, two minutes", without(gate, "consume")),
    Control(4, "the scope is part of the query", without(ctx, "find", _any_row)),
    Control(4, "a page states its level", without(Desk, "has", lambda *_: True)),
    Control(5, "the audience is in the index", without(Desk, "principals", property(_everybody))),
    Control(6, "nobody gives what he lacks", without_check(grants.grant)),
    Control(7, "acts are held against their leaves", without(ledger, "reconcile", agreeing)),
    Control(7, "columns are those of the signed bytes", without(ledger, "_of_bytes", agreeing)),
    Control(7, "signatures hold", without(signatures, "check_kept")),
    Control(7, "texts open what was signed", without(preimages, "_texts", agreeing)),
    Control(7, "opinions say what was signed", without(preimages, "_said", lambda *_: True)),
    Control(7, "numbers have no gaps", without(numbering, "reconcile", agreeing)),
    Control(7, "packages are what was sent", without(shown_packages, "compare", agreeing)),
    Control(7, "deliveries have evidence", without(shown_deliveries, "_delivery", agreeing)),
    Control(7, "evidence has a delivery", without(shown_deliveries, "gone", agreeing)),
    Control(7, "objects are as new as their acts", without(standing, "reconcile", agreeing)),
    Control(7, "plugins hold their rows, too", without(proving, "reconcile", agreeing)),
    Control(7, "leaves are hashed again", without(log_check, "_check_leaf", _trusting)),
    Control(7, "notes outside the database", without(log_check, "notebook", Slot("no notes"))),
    Control(8, "blobs are authenticated", _blobs_unchecked),
    Control(8, "backups are authenticated and hashed", _backups_unchecked),
    Control(8, "acts are held against their leaves", without(ledger, "reconcile", agreeing)),
    Control(9, "compared with the notes at the start", without(hold, "_older", lambda: False)),
    Control(9, "a held node signs nothing", without(hold, "refuse")),
    Control(10, "what a plugin raises is its own", without(Bus, "_fault", _passed_on)),
    Control(10, "a check that fails refuses", without(Bus, "veto")),
    Control(12, "the same package, the same receipt", without(submission, "_known")),
    Control(12, "signatures of packages", without(submission, "examine", _as_it_reads)),
    Control(14, "names, links, places, methods", without(zips, "_check")),
    Control(14, "bytes are counted while they come", without(zips, "_check_growth")),
    Control(14, "the budget of all containers", without(zips._Budget, "take")),
    Control(15, "no types and no entities", without(markup, "DefusedXMLParser", _plain_parser)),
    Control(15, "depth is counted", without(markup, "DEEPEST", 10**6)),
    Control(15, "elements and attributes are counted", without(markup, "MOST", 10**9)),
    Control(18, "what is shown is escaped", _unescaped),
    Control(19, "formulas become text", without(export, "_FORMULA", ())),
    Control(20, "themes of the house only", _any_theme),
    Control(21, "other sites are refused", without(origin, "same_origin", lambda *_: True)),
    Control(21, "forms carry a token", without(routing, "token_due", lambda *_: False)),
    Control(22, "the act is about these very bytes", without(gate, "_current", _whatever)),
    Control(23, "a number is taken by compare-and-set", without(numbers, "take", _read_then_write)),
    Control(24, "connections have deadlines", without(DeadlineProtocol, "_arm")),
    Control(24, "the door is bounded", without(Admission, "_enter", _let_in)),
    Control(25, "room is left on the disk", without(blobs.BlobStore, "_check_space")),
    Control(26, "the signature is over the bytes", _signatures_unchecked),
    Control(27, "only known fields, only identifiers", _everything_logged),
    Control(28, "one line of JSON", without(logs.Lines, "format", logging.Formatter.format)),
]
