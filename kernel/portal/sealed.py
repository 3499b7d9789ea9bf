"""How a sealed document is shown: whether its seal holds, and the images of its pages."""

from __future__ import annotations

from kernel.exchange import receipts
from kernel.portal.i18n import _
from kernel.portal.parts import PageImage, SealLine
from kernel.portal.urls import url


def seal_line(report: receipts.Report) -> SealLine | None:
    """The line that says whether the seal holds."""
    if not report.seal_unit and report.ok:
        return None
    return SealLine(
        valid=report.ok,
        unit=report.seal_unit,
        at=report.seal_time,
        demo=report.demo,
        custody=_("L0 演示级") if report.demo else "",
        reason=report.reason,
        checked=_checked(report) if report.ok else (),
        how=url("help") + "#verify",
    )


def _checked(report: receipts.Report) -> tuple[str, ...]:
    """What the verification looked at, in the order in which it is done."""
    found = [_("文件与盖章时逐字节一致，公文包中没有多出、缺少或改动的内容。")]
    found += [_("印章证书由平台根证书逐级签发，签章时在有效期内。")]
    if report.acts:
        found += [_("签发、编号、用印、分发等办理记录齐全，都有经办人本人的签名。")]
    if report.unlisted:
        found += [_("公文包没有附签章时有效的吊销列表，是否曾被吊销未能核对。")]
    else:
        found += [_("已核对随附的吊销列表，签章时证书没有被吊销。")]
    if report.demo:
        found += [_("印章私钥为 L0 演示级（软件保管），只用于演示，不具有法律效力。")]
    return tuple(found)


def page_images(body: str, title: str, kind: str, uid: str) -> list[PageImage]:
    """The page images of a sealed file; empty for payloads without one."""
    if not body:
        return []
    count = receipts.page_count(body)
    return [
        PageImage(
            src=url("files:page", kind=kind, uid=uid, number=number),
            alt=_("《%(title)s》第 %(n)s 页，共 %(m)s 页", title=title, n=number, m=count),
        )
        for number in range(1, count + 1)
    ]
