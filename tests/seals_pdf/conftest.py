"""A document to seal, and a chain of certificates to seal it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from kernel.seals.impression import seal_pdf, seal_svg
from kernel.seals.pdf import apply_seal
from kernel.work.sheet import Sheet
from kernel.work.workshop import Placement, Typeset, Workshop
from tests.seals_pdf.certificates import ORGAN, SEALED_AT, Chain


@pytest.fixture(scope="session")
def chain() -> Chain:
    return Chain()


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    shop = Workshop()
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def document(workshop: Workshop) -> Typeset:
    return workshop.typeset(
        Sheet(
            title="关于召开会议的通知",
            body=("定于下周一召开会议。",),
            signature=(ORGAN,),
            issue_date="2026年11月22日",
        )
    )


@pytest.fixture(scope="session")
def seal(chain: Chain) -> Callable[..., bytes]:
    """``seal(pdf, placement, field_name="seal-1")``: the PDF sealed with the chain's key."""
    impression = seal_pdf(seal_svg(ORGAN, demo=True))

    def apply(pdf: bytes, placement: Placement, field_name: str = "seal-1") -> bytes:
        return apply_seal(
            pdf,
            placement,
            impression,
            key=chain.keys[2],
            cert=chain.leaf,
            chain=[chain.middle],
            signed_at=SEALED_AT,
            field_name=field_name,
            reason="用印",
            organ=ORGAN,
        )

    return apply


@pytest.fixture(scope="session")
def sealed(document: Typeset, seal: Callable[..., bytes]) -> bytes:
    return seal(document.pdf, document.placement)
