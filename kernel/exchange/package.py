"""The package of a document: profile GWJH-1 of ASiC-E (ETSI EN 319 162-1).

::

    mimetype                        application/vnd.etsi.asic-e+zip
    META-INF/ASiCManifest.xml       digests of everything below: the signed bytes
    META-INF/signature-001.p7s      detached CMS by the exchange key of the sending unit
    META-INF/acts/NNN.json          the signed acts behind it
    META-INF/digests-sha256.txt     the same digests for sha256sum
    META-INF/trust/NNN.pem          certificates and CRLs needed to check it offline
    content/attachments/NN-name
    content/body.pdf
    content/payload.json            for what is no document
    envelope.json, metadata.json

There is one byte form: what :func:`read` has understood is assembled again and compared. The
identity of a package is the digest of its manifest.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from kernel.crypto.canonical import digest, dumps, loads
from kernel.deferred import pattern
from kernel.errors import Invalid
from kernel.exchange import container
from kernel.exchange.envelope import check_envelope, check_metadata, is_document
from kernel.exchange.prefixes import Prefixes
from kernel.exchange.refusals import CONTAINER, DIGEST, ENVELOPE, MISSING, NAME, SIZE
from kernel.exchange.refusals import PackageRefused as Refused

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/ASiCManifest.xml"
SIGNATURE = "META-INF/signature-001.p7s"
DIGESTS = "META-INF/digests-sha256.txt"
ENVELOPE_NAME, METADATA_NAME = "envelope.json", "metadata.json"
BODY, PAYLOAD = "content/body.pdf", "content/payload.json"
MAX_METADATA = 1 << 20
MAX_ATTACHMENTS = 99

_ATTACHMENT = pattern(r"content/attachments/([0-9]{2})-([^/]+)")
_TYPES = {"json": "application/json", "pdf": "application/pdf", "pem": "application/x-pem-file"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"'
    ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
    f'<asic:SigReference URI="{SIGNATURE}" MimeType="application/pkcs7-signature"/>\n'
)
_ROW = (
    '<asic:DataObjectReference URI="{}" MimeType="{}">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>"
)
_ROW_END = "</ds:DigestValue></asic:DataObjectReference>\n"
_TAIL = "</asic:ASiCManifest>\n"


class Contents(Struct, frozen=True, dict=True):
    """Everything in a package but manifest and signature."""

    envelope: dict[str, Any]
    metadata: dict[str, Any]
    body: bytes | None = None
    """The sealed PDF; required for ``documents.*``."""
    attachments: Sequence[tuple[str, bytes]] = ()
    """``(file name, bytes)``, in order; at most 99."""
    payload: dict[str, Any] | None = None
    acts: Sequence[bytes] = ()
    """Signed-act records (:mod:`kernel.crypto.acts_format`)."""
    trust: Sequence[bytes] = ()
    """PEM: the intermediates for exchange, seals, people (and nodes), and CRLs."""

    @cached_property
    def parts(self) -> dict[str, bytes]:
        """Path → bytes of all that the manifest lists, but the list for ``sha256sum``."""
        return {
            ENVELOPE_NAME: dumps(self.envelope),
            **_content(self.metadata, self.body, self.attachments, self.payload),
            **{f"META-INF/acts/{n:03d}.json": act for n, act in enumerate(self.acts, 1)},
            **{f"META-INF/trust/{n:03d}.pem": pem for n, pem in enumerate(self.trust, 1)},
        }

    @cached_property
    def listing(self) -> bytes:
        """The list for ``sha256sum``: every part and its digest."""
        sums = self._sums.items()
        return "".join([f"{value.hex()}  {name}\n" for name, value in sums]).encode()

    @cached_property
    def digests(self) -> dict[str, bytes]:
        """Path → SHA-256, in the order of the container; the list for ``sha256sum`` included."""
        own = hashlib.sha256(self.listing).digest()
        return dict(sorted([*self._sums.items(), (DIGESTS, own)]))

    @cached_property
    def _sums(self) -> dict[str, bytes]:
        return {
            name: self.beginnings.digest() if name == BODY else hashlib.sha256(data).digest()
            for name, data in sorted(self.parts.items())
        }

    def digest_of(self, name: str) -> str:
        """``sha256:<hex>`` of a part."""
        return "sha256:" + self.digests[name].hex()

    @cached_property
    def beginnings(self) -> Prefixes:
        """Digests of the sealed PDF as far as one likes."""
        return Prefixes(self.body or b"")

    @cached_property
    def entries(self) -> dict[str, bytes]:
        """Path → bytes of all that the manifest lists, in the order of the container."""
        return dict(sorted([*self.parts.items(), (DIGESTS, self.listing)]))


class Package(Struct, frozen=True, dict=True):
    """A package that is well formed; :func:`kernel.exchange.verdict.verify` says if it is true."""

    contents: Contents
    manifest: bytes
    signature: bytes

    @cached_property
    def digest(self) -> str:
        """``sha256:<hex>`` of the manifest: the identity of the package."""
        return pkg_digest(self.manifest)


def content_digests(
    metadata: Mapping[str, Any],
    body: bytes | None = None,
    attachments: Sequence[tuple[str, bytes]] = (),
    payload: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """The member ``content`` of the envelope: path → ``sha256:<hex>`` of what it encloses."""
    parts = _content(metadata, body, attachments, payload)
    return {name: digest(data) for name, data in parts.items()}


def manifest_of(contents: Contents) -> bytes:
    """The manifest (``ASiCManifest.xml``): the bytes to be signed with the exchange key.

    :raises PackageRefused: 200, 202, 210, 214 to 217 for contents that make no package.
    """
    container.check_names(list(contents.parts))
    _check(contents)
    return _manifest(contents)


def _manifest(contents: Contents) -> bytes:
    rows: list[str] = []
    for name, value in contents.digests.items():
        rows += (_row(name), b2a_base64(value, newline=False).decode("ascii"), _ROW_END)
    return "".join([_HEAD, *rows, _TAIL]).encode("ascii")


@lru_cache(maxsize=4096)
def _row(name: str) -> str:
    kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return _ROW.format(quote(name, safe="/"), "text/plain" if name == DIGESTS else kind)


def assemble(contents: Contents, manifest: bytes, signature: bytes) -> bytes:
    """The package as a file: the same bytes for the same arguments.

    :param manifest: from :func:`manifest_of`.
    :param signature: CMS (DER) over the manifest.
    """
    head = [("mimetype", MIMETYPE), (MANIFEST, manifest), (SIGNATURE, signature)]
    return container.write([*head, *contents.entries.items()])


def pkg_digest(manifest: bytes) -> str:
    """The identity of a package: ``sha256:<hex>`` of its manifest."""
    return digest(manifest)


def read(data: bytes) -> Package:
    """Read a package, and refuse whatever is not the one byte form of its contents.

    :raises PackageRefused: 200, 202, 205, 210, 214 to 217. Signatures are not checked here.
    """
    found = container.read(data)
    entries = dict(found)
    if entries.pop("mimetype", None) != MIMETYPE:
        raise Refused(CONTAINER, "mimetype")
    manifest, signature = _take(entries, MANIFEST), _take(entries, SIGNATURE)
    contents = _contents_of(entries)
    _check(contents)
    expected = _manifest(contents)
    if contents.listing != entries[DIGESTS] or expected != manifest:
        raise Refused(_difference(expected, manifest), "manifest")
    if [name for name, _ in found] != ["mimetype", MANIFEST, SIGNATURE, *sorted(entries)]:
        raise Refused(CONTAINER, "order")
    return Package(contents, manifest, signature)


def _content(
    metadata: Mapping[str, Any],
    body: bytes | None,
    attachments: Sequence[tuple[str, bytes]],
    payload: Mapping[str, Any] | None,
) -> dict[str, bytes]:
    parts = {METADATA_NAME: dumps(metadata)}
    if body is not None:
        parts[BODY] = body
    if payload is not None:
        parts[PAYLOAD] = dumps(payload)
    for number, (name, data) in enumerate(attachments, 1):
        parts[f"content/attachments/{number:02d}-{name}"] = data
    return parts


def _check(contents: Contents) -> None:
    check_envelope(contents.envelope)
    check_metadata(contents.metadata)
    if contents.payload is not None and not isinstance(contents.payload, dict):
        raise Refused(ENVELOPE, PAYLOAD)
    if len(contents.attachments) > MAX_ATTACHMENTS:
        raise Refused(SIZE, "attachments")
    if any("/" in name for name, _ in contents.attachments):
        raise Refused(NAME, "attachments")
    if len(contents.parts[METADATA_NAME]) > MAX_METADATA:
        raise Refused(SIZE, METADATA_NAME)
    if is_document(contents.envelope) and contents.body is None:
        raise Refused(MISSING, BODY)
    stated, parts = contents.envelope["content"], contents.parts
    if stated.keys() != {name for name in parts if name.startswith(("content/", METADATA_NAME))}:
        raise Refused(MISSING, "content")
    if any(contents.digest_of(name) != value for name, value in stated.items()):
        raise Refused(DIGEST, "content")


def _contents_of(entries: Mapping[str, bytes]) -> Contents:
    rest = dict(entries)
    try:
        envelope, metadata = (loads(_take(rest, n)) for n in (ENVELOPE_NAME, METADATA_NAME))
        payload = loads(rest.pop(PAYLOAD)) if PAYLOAD in rest else None
    except Invalid as error:
        raise Refused(ENVELOPE, error.code) from error
    _take(rest, DIGESTS)
    contents = Contents(
        envelope=envelope,
        metadata=metadata,
        body=rest.pop(BODY, None),
        payload=payload,
        acts=_numbered(rest, "META-INF/acts/{:03d}.json"),
        trust=_numbered(rest, "META-INF/trust/{:03d}.pem"),
        attachments=_attachments(rest),
    )
    if rest:
        raise Refused(MISSING, min(rest))
    # Everything was found in its one form: there is no need to write it again.
    parts = {name: data for name, data in entries.items() if name != DIGESTS}
    vars(contents)["parts"] = parts
    return contents


def _take(entries: dict[str, bytes], name: str) -> bytes:
    if name not in entries:
        raise Refused(MISSING, name)
    return entries.pop(name)


def _numbered(rest: dict[str, bytes], pattern: str) -> list[bytes]:
    found: list[bytes] = []
    while (name := pattern.format(len(found) + 1)) in rest:
        found.append(rest.pop(name))
    return found


def _attachments(rest: dict[str, bytes]) -> list[tuple[str, bytes]]:
    found = [match for name in sorted(rest) if (match := _ATTACHMENT.fullmatch(name))]
    for number, match in enumerate(found, 1):
        if int(match[1]) != number:
            raise Refused(MISSING, match[0])
    return [(match[2], rest.pop(match[0])) for match in found]


def _difference(expected: bytes, manifest: bytes) -> int:
    """210 when only digests differ from those in the manifest, 202 when the parts do."""

    def names(xml: bytes) -> list[bytes]:
        return re.findall(rb'URI="([^"]*)"', xml)

    return DIGEST if names(expected) == names(manifest) else MISSING
