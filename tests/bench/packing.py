"""Packages built and verified per second of CPU: 200 KB of content, 20 KB of attachment, real acts.

A document carries four acts and a seal, six signatures with that of the unit; what is no document
(a reply, a list, a submission) carries the act of sending it, two signatures. Each has a line.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import zlib
from dataclasses import replace

from msgspec import structs

from kernel.crypto import canonical, cms, suites
from kernel.crypto.ids import now
from kernel.exchange import package as packages
from kernel.exchange.package import Contents
from kernel.exchange.verdict import examine
from tests.bench.measure import Clock, Pair, Result, side_by_side
from tests.exchange_format.sample import Office

BODY, ATTACHMENT = 200_000, 20_000
PACKAGES = 25
JSON_PARTS = {packages.ENVELOPE_NAME, packages.METADATA_NAME, packages.PAYLOAD}
BEFORE = ("documents.sign_off", "documents.assign_number", "documents.seal")


def pdf_of(size: int) -> bytes:
    """A page with so many bytes of noise in it, as pictures and fonts are."""
    noise = random.Random(size).randbytes(size)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        b"<</Length %d>>stream\n%s\nendstream" % (size, noise),
    ]
    out, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 5\n0000000000 65535 f \n" + rows + tail


class Packing:
    """Packages of one unit, no two alike.

    :ivar signatures: what a verifier must check: of the unit over the manifest, of each act, and
        of the seal. :ivar floors: what no verifier can leave out, round by round.
    """

    def __init__(self, count: int, *, document: bool = True) -> None:
        self.office, self.count, self.document = Office(), count, document
        self.signatures = 6 if document else 2
        self.pdf = pdf_of(BODY)
        self.sealed = self.office.seal_pdf(self.pdf)
        self.attachment = random.Random(1).randbytes(ATTACHMENT)
        self.key = suites.new_key()
        self.signature = suites.sign(self.key, bytes(900))
        self.ready: list[tuple[Contents, str]] = []
        self.built: list[bytes] = []
        self.floors: list[Clock] = []

    def prepare(self) -> None:
        """What is there before a package is built: the acts are signed."""
        self.ready = []
        for _ in range(self.count):
            made = self.documented() if self.document else self.replied()
            # As they come from the database: nothing about them is computed yet.
            self.ready.append((structs.replace(made), canonical.digest(self.office.dispatched)))

    def documented(self) -> Contents:
        said = {"pdf": canonical.digest(self.pdf), "pdf_size": len(self.pdf)}
        files = (("附件1.docx", self.attachment),)
        return self.office.contents(
            body=self.sealed, attachments=files, acts={"documents.seal": said}
        )

    def replied(self) -> Contents:
        files = (("名单.pdf", self.pdf), ("附件1.docx", self.attachment))
        return self.office.contents(
            body=None,
            attachments=files,
            payload={"title": "参会回执", "people": 12},
            envelope={"type": "meetings.reply"},
            acts=dict.fromkeys(BEFORE),
        )

    def build(self, clock: Clock) -> None:
        """One after the other; none is kept, for a node lays each into its store at once."""
        self.prepare()
        with clock.running():
            for contents, act in self.ready:
                self.packed(contents, act)

    def packed(self, contents: Contents, act: str) -> bytes:
        manifest = packages.manifest_of(contents)
        chain = [self.office.issuers["exchange"].cert]
        signature = cms.sign_detached(
            manifest, self.office.exchange_key, self.office.exchange, chain,
            signing_time=now(), act_digest=act,
        )  # fmt: skip
        return packages.assemble(contents, manifest, signature)

    def build_raw(self, clock: Clock) -> None:
        """Every byte hashed and summed once and laid into one file, and one signature."""
        parts = [self.sealed, self.attachment]
        with clock.running():
            for _ in range(self.count):
                for part in parts:
                    hashlib.sha256(part).digest()
                    zlib.crc32(part)
                b"".join(parts)
                suites.sign(self.key, bytes(900))

    def verify(self, clock: Clock) -> None:
        """One after the other; what was read of one is let go before the next."""
        self.prepare()
        self.built = [self.packed(contents, act) for contents, act in self.ready]
        verified = 0
        with clock.running():
            for data in self.built:
                verified += examine(data, self.office.roots).ok
        assert verified == self.count

    def verify_raw(self, clock: Clock) -> None:
        """Every byte hashed and summed once, and the signatures checked, nothing else."""
        public = self.key.public_key()
        with clock.running():
            for data in self.built:
                hashlib.sha256(data).digest()
                zlib.crc32(data)
                for _ in range(self.signatures):
                    suites.verify(public, bytes(900), self.signature)
        self.floors.append(Clock())
        self.verify_least(self.floors[-1])

    def verify_least(self, clock: Clock) -> None:
        """Only what no verifier can leave out, and nothing of it compared with anything.

        The sum of the file, the digest of each part, the search for seals, every JSON text read and
        shown to be canonical, the signatures.
        """
        public = self.key.public_key()
        with clock.running():
            for data, (contents, _) in zip(self.built, self.ready, strict=True):
                zlib.crc32(data)
                for part in contents.parts.values():
                    hashlib.sha256(part).digest()
                (contents.body or b"").find(b"/ByteRange")
                for name in JSON_PARTS & contents.parts.keys():
                    canonical.loads(contents.parts[name])
                for record in contents.acts:
                    canonical.loads(canonical.unb64(canonical.loads(record)["act"]))
                for _ in range(self.signatures):
                    suites.verify(public, bytes(900), self.signature)


def _rate(name: str, pair: Pair, at_least: int) -> Result:
    rate = 1000 / pair.median("ours", "cpu")
    more = {"wall_ms": pair.median("ours", "wall"), "rounds": len(pair.ours)}
    return Result(
        name, rate, "/CPU-s", 1000 / pair.median("raw", "cpu"), pair.ratio("cpu"),
        f">= {at_least} /CPU-s", rate >= at_least, more,
    )  # fmt: skip


def packing(rounds: int, size: float = 1) -> list[Result]:
    """Built and verified: a document, and what is none."""
    lines = []
    for name, document in (("documents", True), ("replies", False)):
        bench = Packing(max(2, int(PACKAGES * size)), document=document)
        built = side_by_side(rounds, bench.build, bench.build_raw, bench.count)
        verified = side_by_side(rounds, bench.verify, bench.verify_raw, bench.count)
        signed = f"{bench.signatures} signatures"
        lines.append(_rate(f"{name} of 200 KB built", built, 500))
        line = _rate(f"{name} of 200 KB verified, {signed}", verified, 1000)
        least = statistics.median(one.cpu for one in bench.floors[1:]) / bench.count
        lines.append(replace(line, more={**line.more, "floor_per_cpu_s": 1 / least}))
    return lines
