"""Whether a package is true: what the platform asks before anybody signs for it.

The stand-alone ``verify.py`` checks the same and shares no code with this, on purpose: each of the
two is the other's test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from kernel.crypto import cms, x509
from kernel.crypto.acts_format import ActFacts, verify_record
from kernel.crypto.ids import now, parse_stamp
from kernel.crypto.memory import remembered
from kernel.deferred import pattern
from kernel.errors import Unverified
from kernel.exchange import package as packages
from kernel.exchange.envelope import is_document
from kernel.exchange.history import check_history
from kernel.exchange.package import Contents, Package
from kernel.exchange.refusals import ACTS, CERTIFICATE, SEAL, SENDER, TIME, refused_for
from kernel.exchange.refusals import PackageRefused as Refused

OK = 100
FUTURE = timedelta(hours=24)
DOCUMENT_ACTS = ("documents.sign_off", "documents.assign_number", "documents.seal")
DISPATCHING = (".dispatch", ".send")

Chain = Sequence[x509.Certificate]

_RANGE_KEY = b"/ByteRange"
_BYTE_RANGE = pattern(_RANGE_KEY + rb"\s*\[\s*0 +([0-9]+) +([0-9]+) +([0-9]+)\s*\]")


class Verdict(Struct, frozen=True):
    """What was found about a package."""

    number: int
    """100, or what it is refused for (:mod:`kernel.exchange.refusals`)."""
    refusal: Refused | None = None
    package: Package | None = None
    """Set as soon as the package could be read, true or not."""
    level: str = "formal"
    """``formal``, or ``demo`` when anything in it is a demonstration (custody level L0)."""
    signed: cms.Signed | None = None
    acts: Sequence[ActFacts] = ()
    unlisted: Sequence[str] = ()
    """Authorities of whom no revocation list is enclosed that was current when it was signed: what
    they may have taken back by then is not known. Of keys of persons no list tells."""

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return self.refusal is None


def examine(
    data: bytes,
    roots: Sequence[x509.Certificate],
    at: datetime | None = None,
    records: Sequence[bytes] = (),
) -> Verdict:
    """Read a package and check it.

    :param records: evidence about it, to be checked as well.
    """
    try:
        package = packages.read(data)
    except Refused as refusal:
        return Verdict(refusal.number, refusal)
    return verify(package, roots, at, records)


def verify(
    package: Package,
    roots: Sequence[x509.Certificate],
    at: datetime | None = None,
    records: Sequence[bytes] = (),
) -> Verdict:
    """Check signature, times, sender, acts and seal of a package, and the evidence about it.

    :param at: the instant at which the certificates must have been valid; the signing time of the
        package unless given.
    """
    try:
        verdict = _verify(package, roots, at)
        check_history(package, records, roots)
        return verdict
    except Unverified as error:
        refusal = refused_for(error)
        return Verdict(refusal.number, refusal, package)


def _verify(package: Package, roots: Sequence[x509.Certificate], at: datetime | None) -> Verdict:
    contents = package.contents
    trust = _trust(tuple(contents.trust), tuple(roots))
    signed = cms.verify_detached(
        package.signature, package.manifest, roots, "exchange", at, trust.crls
    )
    if max(signed.time, parse_stamp(contents.envelope["created_at"])) > now() + FUTURE:
        raise Refused(TIME, "future")
    if x509.unit_of(signed.cert) != contents.envelope["sender"]["unit"]:
        raise Refused(SENDER, "unit")
    acts = _verify_acts(contents, trust, signed)
    # Clocks may be set back between the two; more than a day is no clock that was wrong.
    if any(act.issued > signed.time + FUTURE for act in acts):
        raise Refused(ACTS, "after the signature")
    chains: list[Chain] = [signed.chain]
    if contents.body is not None and is_document(contents.envelope):
        chains += _verify_seals(contents, contents.body, trust, at or signed.time, acts)
    demo = any(act.demo for act in acts) or any(x509.is_demo(chain[-1]) for chain in chains)
    chains += [act.chain for act in acts]
    missing = trust.unlisted(chains, at or signed.time)
    return Verdict(OK, None, package, "demo" if demo else "formal", signed, acts, missing)


@remembered(64)  # the packages of a node all carry the same, until its lists are renewed
def _trust(pems: tuple[bytes, ...], roots: tuple[x509.Certificate, ...]) -> x509.Trust:
    try:
        crls = tuple(x509.load_crl(pem) for pem in pems if b"BEGIN X509 CRL" in pem)
        certs = tuple(x509.load_cert(pem) for pem in pems if b"BEGIN CERTIFICATE" in pem)
        known = [x509.pem(crl) for crl in crls] + [x509.pem(cert) for cert in certs]
        if sorted(known) != sorted(pems):
            raise Refused(CERTIFICATE, "trust")
        trust = x509.leaning_on(roots, certs, crls)
        trust.check_lists()
    except Unverified as error:
        raise Refused(CERTIFICATE, "trust") from error
    return trust


def _verify_acts(contents: Contents, trust: x509.Trust, signed: cms.Signed) -> list[ActFacts]:
    try:
        acts = [verify_record(record, trust) for record in contents.acts]
    except Unverified as error:
        raise refused_for(error, ACTS) from error
    if any(act.batched for act in acts):
        raise Refused(ACTS, "batch")
    dispatches = [act for act in acts if act.digest == signed.act_digest]
    if len(dispatches) != 1 or not dispatches[0].verb.endswith(DISPATCHING):
        raise Refused(ACTS, "dispatch")
    dispatch = dispatches[0]
    if dispatch.params.get("envelope") != contents.digest_of(packages.ENVELOPE_NAME):
        raise Refused(ACTS, "envelope")
    if dispatch.organ != contents.envelope["sender"]["unit"]:
        raise Refused(SENDER, "organ")
    if is_document(contents.envelope):
        _check_document_acts(contents, acts, dispatch)
    return acts


def _check_document_acts(contents: Contents, acts: Sequence[ActFacts], dispatch: ActFacts) -> None:
    sealed = contents.digest_of(packages.BODY)
    if dispatch.verb != "documents.dispatch" or dispatch.params.get("sealed") != sealed:
        raise Refused(ACTS, "sealed")
    target = _target(dispatch)
    by_verb: dict[str, list[ActFacts]] = {}
    for act in acts:
        by_verb.setdefault(act.verb, []).append(act)
    for verb in DOCUMENT_ACTS:
        found = by_verb.get(verb, [])
        if not found:
            raise Refused(ACTS, f"{verb}: missing")
        if not dispatch.object_uid or any(_target(act) != target for act in found):
            raise Refused(ACTS, f"{verb}: object")
        if verb == "documents.seal" and not all(act.own for act in found):
            raise Refused(ACTS, f"{verb}: keeper")
        if any(act.by_node or act.organ != dispatch.organ for act in found):
            raise Refused(ACTS, f"{verb}: desk")
    for act in by_verb["documents.seal"]:
        base = _base(contents, act)
        if base is None or act.params.get("pdf") != base:
            raise Refused(ACTS, "documents.seal: pdf")


def _target(act: ActFacts) -> tuple[object, ...]:
    """Kind, uid and content of what was acted upon: the same from the sign-off to the dispatch."""
    target = act.act["object"] or {}
    return target.get("kind"), target.get("uid"), target.get("digest")


def _base(contents: Contents, seal: ActFacts) -> str | None:
    """The digest of the file as it was before this seal was applied."""
    size = seal.params.get("pdf_size")
    if type(size) is int and 0 < size < len(contents.body or b""):
        return "sha256:" + contents.beginnings.digest(size).hex()
    return None


def _verify_seals(
    contents: Contents,
    body: bytes,
    trust: x509.Trust,
    at: datetime,
    acts: Sequence[ActFacts],
) -> list[Chain]:
    """Check every seal in the PDF; the last must cover the whole file (ISO 32000-2, 12.8.1)."""
    ranges = list(_byte_ranges(body))
    sealed_from = min(act.params["pdf_size"] for act in acts if act.verb == "documents.seal")
    end, units = 0, set()
    chains: list[Chain] = []
    for first, second, length in ranges:
        if not (end <= first < second and sealed_from <= first) or second + length > len(body):
            raise Refused(SEAL, "range")
        end = second + length
        covered = contents.beginnings.digest(first, second, end)
        signed = _verify_seal(body[first:second], covered, trust, at)
        units.add(x509.unit_of(signed.cert))
        chains.append(signed.chain)
    if end != len(body):
        raise Refused(SEAL, "whole file")
    if contents.envelope["sender"]["unit"] not in units:
        raise Refused(SEAL, "unit")
    return chains


def _byte_ranges(body: bytes) -> Iterator[tuple[int, int, int]]:
    place = body.find(_RANGE_KEY)  # which is quicker than a regular expression
    while place >= 0:
        if found := _BYTE_RANGE.match(body, place):
            first, second, length = map(int, found.groups())
            yield first, second, length
        place = body.find(_RANGE_KEY, place + 1)


def _verify_seal(hole: bytes, covered: bytes, trust: x509.Trust, at: datetime) -> cms.Signed:
    """Check one seal. :param covered: SHA-256 of the file but the hole."""
    try:
        signature = bytes.fromhex(hole[1:-1].decode())
        # Which passes over spaces.
        if not signature or b"<%s>" % signature.hex().encode() != hole.lower():
            raise ValueError("no hexadecimal string")
        return cms.verify_foreign(signature, covered, trust, "seals", at)
    except ValueError as error:
        raise Refused(SEAL, "hole") from error
    except Unverified as error:
        raise refused_for(error, SEAL) from error
