"""The seal in the PDF: a PAdES signature (ETSI EN 319 142-1, level B-B) with the impression on it.

A sealed file is the typeset file, byte for byte, with one incremental update behind it. ECDSA on
P-256 with SHA-256, so that every common reader can check it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

from asn1crypto.crl import CertificateList
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509 import Certificate
from msgspec import Struct
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext

from kernel.crypto import cms
from kernel.errors import Invalid, Unverified
from kernel.seals.pdf_parts import Impression, KeySigner, SealSigner, Sign, asn1, page_box
from kernel.work.workshop import Placement

_MM = 72 / 25.4


class SealCheck(Struct, frozen=True):
    """What one seal of a PDF says, and whether that holds."""

    intact: bool
    """The bytes that it covers are unchanged and the signature is right."""
    trusted: bool
    """Its certificate leads to one of the roots and was valid at the time asked for."""
    whole_document: bool
    """It covers the whole file, or nothing but further seals was added behind it; and in the room
    that is kept for the seals, which no seal covers, nothing was hidden or changed."""
    signer_cn: str
    organisation: str
    time: datetime | None
    """When the sealing is said to have happened (UTC)."""
    field_name: str

    @property
    def holds(self) -> bool:
        """All of it: only then is the document as it was sealed."""
        return self.intact and self.trusted and self.whole_document


def apply_seal(
    pdf: bytes,
    placement: Placement,
    impression_pdf: bytes,
    *,
    key: EllipticCurvePrivateKey | Sign,
    cert: Certificate,
    chain: Sequence[Certificate],
    signed_at: datetime,
    field_name: str,
    reason: str,
    organ: str,
) -> bytes:
    """Seal a PDF: the impression upright and in its own size, its centre at the placement.

    :param impression_pdf: one vector page, from :func:`kernel.seals.impression.seal_pdf`.
    :param key: the seal's P-256 key, or a function that signs with it where it lives.
    :param chain: the intermediate certificates; the root stays out.
    :param field_name: one for each seal of the document (``seal-1``).
    :returns: the PDF followed by an incremental update.
    :raises Invalid: ``seals.pdf`` when the file cannot be read, ``seals.page`` when it has no
        such page.
    """
    writer = _writer(pdf, placement.page)
    impression = Impression(impression_pdf)
    said = PdfSignatureMetadata(
        field_name=field_name,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        name=organ,
    )
    field = SigFieldSpec(
        field_name,
        on_page=placement.page - 1,
        box=_box(writer, placement, impression),  # type: ignore[arg-type]  # floats are written too
    )
    signer = SealSigner(said, KeySigner(key, cert, chain), _style(impression), field, signed_at)
    return bytes(signer.sign_pdf(writer).getvalue())


def check_seals(
    pdf: bytes,
    roots: Sequence[Certificate],
    at: datetime | None = None,
    *,
    crls: Sequence[bytes] = (),
) -> list[SealCheck]:
    """Check every seal of a PDF against the roots, offline.

    :param at: the moment that certificates must be valid at; default: now.
    :param crls: certificate revocation lists (DER) that are known.
    :returns: one check for each seal in the order of sealing; empty when there is none.
    :raises Unverified: ``seals.unreadable`` when the file is damaged so far that it cannot be read.
    """
    try:
        seals = PdfFileReader(io.BytesIO(pdf), strict=True).embedded_regular_signatures
        clean = all(_is_plain(seal, pdf) for seal in seals) and _reach_the_end(seals, pdf)
        # A context each, for it keeps certificates: what lies in one seal must not stand in for
        # what was changed in another.
        return [_check(seal, _context(roots, at, crls), clean) for seal in seals]
    except Exception as error:  # because a damaged file can break the parser in any way
        raise Unverified(
            "seals.unreadable",
            "文件已损坏或被改动，无法验章，请向发文单位重新索取。",
            "The file is damaged or was changed, so its seals cannot be checked; "
            "ask the issuing unit for it again.",
        ) from error


def _context(
    roots: Sequence[Certificate], at: datetime | None, crls: Sequence[bytes]
) -> ValidationContext:
    return ValidationContext(
        trust_roots=[asn1(root) for root in roots],
        crls=[CertificateList.load(crl) for crl in crls],
        moment=at,
        allow_fetching=False,
    )


def _check(seal: EmbeddedPdfSignature, context: ValidationContext, clean: bool) -> SealCheck:
    status = validate_pdf_signature(seal, context)
    subject = status.signing_cert.subject.native
    said = seal.self_reported_timestamp
    return SealCheck(
        intact=status.intact and status.valid,
        trusted=status.trusted,
        whole_document=clean and _nothing_but_seals_added(status),
        signer_cn=str(subject.get("common_name", "")),
        organisation=str(subject.get("organization_name", "")),
        time=said.astimezone(UTC) if said else None,
        field_name=str(seal.field_name),
    )


def _nothing_but_seals_added(status: PdfSignatureStatus) -> bool:
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return True
    allowed = (ModificationLevel.NONE, ModificationLevel.FORM_FILLING)
    return bool(status.docmdp_ok) and status.modification_level in allowed


def _reach_the_end(seals: Sequence[EmbeddedPdfSignature], pdf: bytes) -> bool:
    """Whether the last seal covers the last byte; pyHanko overlooks what no table points to."""
    return not seals or max(seal.byte_range[2] + seal.byte_range[3] for seal in seals) == len(pdf)


def _is_plain(seal: EmbeddedPdfSignature, pdf: bytes) -> bool:
    """Whether the gap of the signature holds its hexadecimal form and zeros, nothing else."""
    _, start, end, _ = seal.byte_range
    held: bytes = seal.pkcs7_content
    written = f"<{held.hex()}>".encode()
    try:
        cms.check_foreign_form(held)
    except Unverified:
        return False
    return pdf[start:end] in (written, written.upper())


def _writer(pdf: bytes, page: int) -> IncrementalPdfFileWriter:
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        pages = int(writer.root["/Pages"]["/Count"])
    except Exception as error:  # because a damaged file can break the parser in any way
        raise Invalid(
            "seals.pdf",
            "待盖章的文件无法读取，请重新排版后再盖章。",
            "The file to be sealed cannot be read; typeset it again, then seal it.",
        ) from error
    if not 1 <= page <= pages:
        raise Invalid(
            "seals.page",
            f"文件共 {pages} 页，不能在第 {page} 页盖章，请重新排版。",
            f"The file has {pages} pages and cannot be sealed on page {page}; typeset it again.",
        )
    return writer


def _style(impression: Impression) -> StaticStampStyle:
    middle = AxisAlignment.ALIGN_MID
    layout = SimpleBoxLayoutRule(
        middle, middle, Margins(), inner_content_scaling=InnerScaling.NO_SCALING
    )
    return StaticStampStyle(border_width=0, background=impression, background_layout=layout)


def _box(
    writer: IncrementalPdfFileWriter, placement: Placement, impression: Impression
) -> tuple[float, float, float, float]:
    """The field around the placement, in PDF points from the page's bottom left."""
    left, _, _, top = page_box(writer, placement.page - 1)
    x, y = left + placement.x_mm * _MM, top - placement.y_mm * _MM
    half_x, half_y = impression.width / 2, impression.height / 2
    return x - half_x, y - half_y, x + half_x, y + half_y
