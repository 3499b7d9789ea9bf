"""Files: page images, the PDF, its text, the package; each for who may see the object behind it."""

from __future__ import annotations

from functools import lru_cache

from starlette.responses import Response

from kernel.acts.house import reading
from kernel.acts.subjects import Subject
from kernel.crypto.ids import now
from kernel.errors import NotFound
from kernel.exchange.models import Delivery, Package
from kernel.portal.answers import download, image_answer
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.sealed import page_images
from kernel.portal.urls import url
from kernel.storage.blobs import blobs
from kernel.work.workshop import workshop

_SOURCES: dict[str, type[Subject]] = {"delivery": Delivery, "package": Package}


def _body(ctx: Ctx, kind: str, uid: str) -> tuple[str, str]:
    if kind not in _SOURCES or not ctx.desk.has("exchange.view"):
        raise _missing()
    found = ctx.get(_SOURCES[kind], uid)
    package = found.package if isinstance(found, Delivery) else found
    # What was recalled before it was signed for is closed; digest and evidence stay.
    if not package.body or (isinstance(found, Delivery) and found.state == "recalled"):
        raise _missing()
    return package.body, package.title


def _missing() -> NotFound:
    return NotFound(
        "files.missing",
        "没有这个文件，或者您无权查看。请从公文页面重新打开。",
        "There is no such file for you; open it again from the page of its document.",
    )


@lru_cache(maxsize=256)
def image(digest: str, number: int) -> bytes:
    """A page as an image; kept, because the same pages are looked at by many."""
    return workshop().page_image(blobs().get(digest), number)


def body_page(ctx: Ctx, kind: str, uid: str, number: int) -> Response:
    """One page of the sealed file as an image."""
    digest, _title = _body(ctx, kind, uid)
    data = image(digest, number)
    kind = "image/webp" if data[8:12] == b"WEBP" else "image/png"
    return image_answer(ctx.request, data, kind)


def body_pdf(ctx: Ctx, kind: str, uid: str) -> Response:
    """The sealed PDF, to download."""
    digest, title = _body(ctx, kind, uid)
    ctx.require_deliberate()
    reading.note(ctx.desk, f"{kind}/{uid}.pdf")
    return download(blobs().get(digest), f"{title}.pdf", "application/pdf")


def body_text(ctx: Ctx, kind: str, uid: str) -> Response:
    """The text of the sealed file, for screen readers and small screens."""
    digest, title = _body(ctx, kind, uid)
    pages = workshop().page_text(blobs().get(digest))
    with speaking(ctx.language):
        return ctx.render(
            "exchange/text.html",
            title=_("文本：%(title)s", title=title),
            pages=pages,
            title_of=title,
            back=url(f"exchange:{kind}", uid=uid),
        )


def body_print(ctx: Ctx, kind: str, uid: str) -> Response:
    """The pages for paper. That they were taken out of the system is noted, as a download is."""
    digest, title = _body(ctx, kind, uid)
    if ctx.deliberate:
        reading.note(ctx.desk, f"打印：{kind}/{uid}")
    with speaking(ctx.language):
        return ctx.render(
            "layout/print_pages.html",
            title=_("打印：%(title)s", title=title),
            of=title,
            pages=page_images(digest, title, kind, uid),
            back=url(f"exchange:{kind}", uid=uid),
            pdf=url("files:pdf", kind=kind, uid=uid),
            moment=now(),
        )


def package_file(ctx: Ctx, kind: str, uid: str) -> Response:
    """The package itself, with which anybody can verify the document offline."""
    _body(ctx, kind, uid)
    found = ctx.get(_SOURCES[kind], uid)
    package = found.package if isinstance(found, Delivery) else found
    ctx.require_deliberate()
    reading.note(ctx.desk, f"{kind}/{uid}.asice")
    return download(
        blobs().get(package.blob), f"{package.title}.asice", "application/vnd.etsi.asic-e+zip"
    )
