"""What pyHanko is given to seal with: the key, the time of the act, the impression."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

Sign = Callable[[bytes], bytes]
"""Signs bytes: ECDSA with SHA-256, DER encoded."""

_LONGEST_SIGNATURE = 72
"""Bytes of a P-256 signature in DER, for the room that is kept before it is known."""


def asn1(cert: Certificate) -> asn1_x509.Certificate:
    """A certificate as pyHanko wants it."""
    return asn1_x509.Certificate.load(cert.public_bytes(Encoding.DER))


def page_box(pdf: PdfHandler, index: int) -> tuple[float, float, float, float]:
    """The media box of a page (from 0) in points: left, bottom, right, top."""
    found = pdf.find_page_for_modification(index)  # type: ignore[no-untyped-call]  # not typed there
    page = found[0].get_object()
    while "/MediaBox" not in page:
        page = page["/Parent"]
    left, bottom, right, top = (float(value) for value in page["/MediaBox"])
    return left, bottom, right, top


class KeySigner(signers.Signer):
    """Signs with a key that is at hand; pyHanko's own one parses the key for each signature."""

    def __init__(
        self, key: EllipticCurvePrivateKey | Sign, cert: Certificate, chain: Sequence[Certificate]
    ) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # not typed there
        store.register_multiple([asn1(each) for each in chain])
        super().__init__(
            signing_cert=asn1(cert),
            cert_registry=store,
            signature_mechanism=SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            embed_roots=False,
        )
        self._key = key

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        """One call a signature; a dry run only says how much room it needs."""
        if dry_run:
            return bytes(_LONGEST_SIGNATURE)
        if isinstance(self._key, EllipticCurvePrivateKey):
            return self._key.sign(data, ECDSA(SHA256()))
        return self._key(data)


class SealSigner(signers.PdfSigner):
    """Writes the time of the sealing act instead of the machine's clock."""

    def __init__(
        self,
        said: signers.PdfSignatureMetadata,
        signer: signers.Signer,
        style: StaticStampStyle,
        field: SigFieldSpec,
        signed_at: datetime,
    ) -> None:
        super().__init__(said, signer, stamp_style=style, new_field_spec=field)
        self._signed_at = signed_at

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        """The session, with the time of the act."""
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._signed_at
        return session


class Impression(PdfContent):
    """The impression's page as the content of the seal's field, in its own size (points)."""

    def __init__(self, pdf: bytes) -> None:
        self._reader = PdfFileReader(io.BytesIO(pdf))
        left, bottom, right, top = page_box(self._reader, 0)
        self.width, self.height = right - left, top - bottom
        super().__init__(box=BoxConstraints(width=self.width, height=self.height))

    def render(self) -> bytes:
        """Import the page and draw it once."""
        self.resources.xobject["/Seal"] = self._ensure_writer.import_page_as_xobject(self._reader)
        return b"/Seal Do"
