"""A producer of packages that checks nothing, so that it can write whatever somebody might.

It shares no writer with the platform: list of digests, manifest and ZIP are written here once
more. Each step can be told to do something else than it should.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from kernel.crypto import canonical, cms
from kernel.crypto.ids import now
from kernel.exchange.package import Contents
from tests.exchange_format.sample import Office

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
LIST, MANIFEST, SIGNATURE = (
    "META-INF/digests-sha256.txt",
    "META-INF/ASiCManifest.xml",
    "META-INF/signature-001.p7s",
)
TYPES = {"json": "application/json", "pdf": "application/pdf", "pem": "application/x-pem-file"}
Parts = dict[str, bytes]
Entries = list[tuple[str, bytes]]


class Sample(NamedTuple):
    """A package, and evidence said to be about it."""

    data: bytes
    records: Sequence[bytes] = ()


class Case(NamedTuple):
    """A package that must be refused, and the number that both verifiers must give."""

    name: str
    number: int
    make: Callable[[Office], Sample | bytes]

    def sample(self, office: Office) -> Sample:
        made = self.make(office)
        return made if isinstance(made, Sample) else Sample(made)


def same(value: Any) -> Any:
    return value


def listing_of(parts: Parts) -> bytes:
    lines = [f"{hashlib.sha256(parts[name]).hexdigest()}  {name}\n" for name in sorted(parts)]
    return "".join(lines).encode()


def manifest_of(parts: Parts) -> bytes:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"'
        ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
        f'<asic:SigReference URI="{SIGNATURE}" MimeType="application/pkcs7-signature"/>\n'
    )
    for name in sorted(parts):
        kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        kind = "text/plain" if name == LIST else kind
        sum64 = b64encode(hashlib.sha256(parts[name]).digest()).decode()
        text += (
            f'<asic:DataObjectReference URI="{quote(name)}" MimeType="{kind}">'
            '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
            f"<ds:DigestValue>{sum64}</ds:DigestValue></asic:DataObjectReference>\n"
        )
    return (text + "</asic:ASiCManifest>\n").encode()


def made(
    office: Office,
    contents: Contents | None = None,
    *,
    parts: Callable[[Parts], Parts] = same,
    listing: Callable[[bytes], bytes] = same,
    manifest: Callable[[bytes], bytes] = same,
    signature: Callable[[bytes], bytes] = same,
    entries: Callable[[Entries], Entries] = same,
    **signing: Any,
) -> bytes:
    """A package; every step may be changed on the way, and what follows is made of the change."""
    inside = parts(dict((contents or office.contents()).parts))
    inside[LIST] = listing(listing_of(inside))
    stated = manifest(manifest_of(inside))
    signed = signature(signed_by(office, stated, **signing))
    head = [("mimetype", MIMETYPE), (MANIFEST, stated), (SIGNATURE, signed)]
    return zipped(entries([*head, *sorted(inside.items())]))


def signed_by(office: Office, manifest: bytes, **changes: Any) -> bytes:
    """The signature of the office over a manifest; the act is the dispatch made last."""
    key, cert = changes.pop("key", office.exchange_key), changes.pop("cert", office.exchange)
    chain = changes.pop("chain", [office.issuers["exchange"].cert])
    usual = {"signing_time": now(), "act_digest": canonical.digest(office.dispatched)}
    return cms.sign_detached(manifest, key, cert, chain, **(usual | changes))


@dataclass
class Lie:
    """What the headers of one entry say instead; ``local`` and ``central`` name fields."""

    at: int = 6
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)
    gap: bytes = b""
    data: bytes | None = None


NOBODY = Lie(at=-1)


def zipped(
    entries: Entries | Sequence[tuple[bytes, bytes]],
    lie: Lie = NOBODY,
    *,
    end: dict[str, Any] | None = None,
    directory: Callable[[list[bytes]], list[bytes]] = same,
    before_end: Callable[[int, int], bytes] = lambda start, size: b"",
) -> bytes:
    """A ZIP of the profile, but for the lies."""
    body, rows = b"", []
    for number, (name, data) in enumerate(entries):
        mine = lie if number == lie.at else NOBODY
        raw = name.encode() if isinstance(name, str) else name
        usual: dict[str, Any] = {
            "version": 20, "flags": 0x0800, "method": 0, "time": 0, "date": 0x21,
            "crc": zlib.crc32(data), "packed": len(data), "size": len(data),
            "name": raw, "extra": b"", "made_by": 0x0314, "comment": b"", "disk": 0,
            "internal": 0, "external": 0o100644 << 16, "offset": len(body),
        }  # fmt: skip
        rows.append(_central(usual | mine.central))
        body += _local(usual | mine.local) + (data if mine.data is None else mine.data) + mine.gap
    listing = b"".join(directory(rows))
    extra = before_end(len(body), len(listing))
    return body + listing + extra + _end(len(rows), len(listing), len(body), end or {})


def _local(said: dict[str, Any]) -> bytes:
    numbers = [said[n] for n in ("version", "flags", "method", "time", "date")]
    sums = [said[n] for n in ("crc", "packed", "size")]
    sizes = [len(said["name"]), len(said["extra"])]
    head = struct.pack("<4s5H3I2H", b"PK\3\4", *numbers, *sums, *sizes)
    return bytes(head + said["name"] + said["extra"])


def _central(said: dict[str, Any]) -> bytes:
    numbers = [said[n] for n in ("made_by", "version", "flags", "method", "time", "date")]
    sums = [said[n] for n in ("crc", "packed", "size")]
    sizes = [len(said[n]) for n in ("name", "extra", "comment")]
    rest = [said[n] for n in ("disk", "internal", "external", "offset")]
    head = struct.pack("<4s6H3I5H2I", b"PK\1\2", *numbers, *sums, *sizes, *rest)
    return bytes(head + said["name"] + said["extra"] + said["comment"])


def _end(count: int, size: int, start: int, changes: dict[str, Any]) -> bytes:
    usual: dict[str, Any] = {
        "disk": 0, "first": 0, "here": count, "count": count,
        "size": size, "start": start, "comment": b"",
    }  # fmt: skip
    said = usual | changes
    comment = said.pop("comment")
    return struct.pack("<4s4H2IH", b"PK\5\6", *said.values(), len(comment)) + bytes(comment)
