"""Pages of a finished PDF as images and as text, with PDFium (inside the workshop's child)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
from PIL import Image

from kernel.errors import Invalid

LARGEST_SCALE = 4.0
MOST_PIXELS = 32_000_000


def image(pdf: bytes, page: int, scale: float) -> bytes:
    """A page (from 1) as PNG with its annotations, so with the seal; scale 1 is 72 dpi."""
    with _opened(pdf) as document:
        if not 1 <= page <= len(document):
            raise Invalid(
                "workshop.page",
                f"文件共 {len(document)} 页，没有第 {page} 页。请从第 1 页看起。",
                f"The file has {len(document)} pages, not {page}; begin with the first one.",
            )
        shown = document[page - 1]
        # A page may say that it is as large as a field; A4 at the largest scale has 8 million.
        fits = (MOST_PIXELS / max(shown.get_width() * shown.get_height(), 1.0)) ** 0.5
        bitmap = shown.render(scale=min(scale, LARGEST_SCALE, fits), may_draw_forms=True)
        return _png(bitmap.to_pil())


def _png(image: Image.Image) -> bytes:
    """Few colours are enough for ink on paper: a quarter of the bytes, made in half the time."""
    few = image.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = few.getpalette() or []
    few.putpalette([255 if value >= 252 else value for value in palette])
    out = io.BytesIO()
    few.save(out, "PNG", compress_level=4)
    return out.getvalue()


def texts(pdf: bytes) -> list[str]:
    """The text of every page in reading order."""
    with _opened(pdf) as document:
        return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]


@contextmanager
def _opened(pdf: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document; what is broken in it may show only when a page is asked for."""
    try:
        with pypdfium2.PdfDocument(pdf) as document:
            document.init_forms()
            yield document
    except pypdfium2.PdfiumError as error:
        raise Invalid(
            "workshop.pdf",
            "这不是可以打开的 PDF 文件，请检查文件是否完整。",
            "This is not a PDF file that can be opened; check that the file is complete.",
        ) from error
