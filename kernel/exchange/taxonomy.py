"""The numbers of the exchange, one table: stable, in both languages, with what follows from each.

1xx done · 2xx the package · 3xx who and to whom · 4xx try again · 5xx a defect · 6xx somebody was
first · 7xx a hint. They stand in evidence as the code of a reason, beside the few words below.
"""

from __future__ import annotations

from msgspec import Struct

SENDER, RECIPIENT, OPERATOR = "sender", "recipient", "operator"


class Entry(Struct, frozen=True):
    """One number.

    :ivar retry: whether the same bytes may be handed in again with another result.
    :ivar evidence: the types of evidence that may give it as their reason; none: it is only said.
    :ivar told: who is told.
    """

    number: int
    zh: str
    en: str
    retry: bool = False
    evidence: tuple[str, ...] = ()
    told: tuple[str, ...] = (SENDER,)


_BAD = ("A2",)
_BOX = ("A2", "D2")
_LATE = ("X3", "X14")
_BOTH = (SENDER, RECIPIENT)

_ENTRIES = (
    Entry(100, "已送达", "Delivered", evidence=("A1", "D1"), told=_BOTH),
    Entry(101, "重复提交，已重发原回执", "Handed in before: the same receipt again"),
    Entry(
        200,
        "信封或元数据不合规范",
        "The envelope or the metadata is not as it must be",
        evidence=_BAD,
    ),
    Entry(
        201, "编号已被另一公文包使用", "The msg_id was used for another package", evidence=_BAD
    ),
    Entry(
        202,
        "公文包缺少内容或含有清单以外的内容",
        "Parts are missing, or not in the manifest",
        evidence=_BAD,
    ),
    Entry(203, "时间超出允许范围", "A time is out of range", evidence=_BAD),
    Entry(204, "期限已过，或早于发出时间", "A deadline has passed", evidence=_BAD),
    Entry(205, "公文包的封装格式不合规范", "The container is not well formed", evidence=_BAD),
    Entry(210, "内容被改动过，摘要不符", "Content was altered: a digest differs", evidence=_BAD),
    Entry(
        211, "公文包的电子签名无效", "The signature of the package does not hold", evidence=_BAD
    ),
    Entry(
        212,
        "签名证书不可信或不在有效期内",
        "The certificate is not trusted or not valid",
        evidence=_BAD,
    ),
    Entry(213, "签名证书已被吊销", "The certificate had been revoked", evidence=_BAD),
    Entry(214, "签名算法不被允许", "The signature algorithm is not allowed", evidence=_BAD),
    Entry(215, "文件名不安全", "A file name is unsafe", evidence=_BAD),
    Entry(216, "文件过多或过大", "Too many files, or too big", evidence=_BAD),
    Entry(
        217,
        "含有密级标志，严禁在本系统传输",
        "Classified matter must never travel here",
        evidence=_BAD,
        told=(SENDER, OPERATOR),
    ),
    Entry(
        218,
        "签发、编号、用印或发送的办理签名不成立",
        "The signed acts behind it do not hold",
        evidence=_BAD,
    ),
    Entry(
        219, "版式文件上的电子印章不成立", "The seal on the document does not hold", evidence=_BAD
    ),
    Entry(
        220,
        "回执不成立或不属于此件",
        "The evidence does not hold, or is about another package",
        told=_BOTH,
    ),
    Entry(
        300, "发文单位与签名单位不符", "The sender is not the unit that signed", evidence=_BAD
    ),
    Entry(301, "没有这个收文单位", "There is no such recipient", evidence=_BOX),
    Entry(
        302, "收文单位尚未接入公文交换", "The recipient is not connected yet", evidence=_BOX
    ),
    Entry(
        310, "发文单位不能在本节点发文", "The sender may not send on this node", evidence=_BAD
    ),
    Entry(311, "收文单位不接收此类文件", "The recipient does not take this kind", evidence=_BOX),
    Entry(320, "不是发给本单位的文件", "It is not your delivery", told=(RECIPIENT,)),
    Entry(402, "磁盘空间不足，请稍后再试", "The disk is full; try again later", retry=True),
    Entry(403, "系统正忙，请稍后再试", "The system is busy; try again", retry=True),
    Entry(500, "系统内部错误，请稍后再试", "An internal error; try again", retry=True,
          told=(SENDER, OPERATOR)),
    Entry(509, "后到的回执与已有结果矛盾", "Late evidence contradicts what had happened",
          told=(SENDER, OPERATOR)),
    Entry(600, "收文单位已先签收", "It was signed for first", evidence=_LATE, told=_BOTH),
    Entry(601, "发文单位已先撤回", "It was recalled first", evidence=_LATE, told=_BOTH),
    Entry(602, "发文单位已先作废", "It was declared void first", evidence=_LATE, told=_BOTH),
    Entry(603, "发文单位已先替换", "It was replaced first", evidence=_LATE, told=_BOTH),
    Entry(604, "收文单位不同意撤回", "The recipient does not agree to the recall",
          evidence=_LATE, told=_BOTH),
    Entry(605, "收文单位已先退回", "It was sent back first", evidence=_LATE, told=_BOTH),
    Entry(701, "签收时限将到", "It has to be signed for soon", told=(RECIPIENT,)),
    Entry(702, "逾期未签收", "It was not signed for in time", evidence=("C3",), told=_BOTH),
)  # fmt: skip

TAXONOMY: dict[int, Entry] = {entry.number: entry for entry in _ENTRIES}
"""Number → entry."""

WORDS: dict[str, tuple[str, ...]] = {
    "returned": ("C2",),
    "recalled": ("X1", "X2"),
    "agreed": ("X4",),
    "voided": ("X5",),
    "superseded": ("X6",),
    "successor": ("X6",),
    "urged": ("X7",),
    "resent": ("X8",),
    "deadline": ("X9",),
    "moved": ("X9",),
}
"""Codes of reasons that are no refusal, and the types of evidence that give them."""


def fits(code: str, type_: str) -> bool:
    """Whether evidence of this type may give this reason; codes of others are not judged."""
    if code in WORDS:
        return type_ in WORDS[code]
    entry = TAXONOMY.get(int(code)) if code.isdecimal() else None
    return entry is None or type_ in entry.evidence


def table() -> str:
    """The table for ``docs/exchange-codes.md``."""
    rows = [
        f"| {e.number} | {e.zh} | {e.en} | {'是 yes' if e.retry else '否 no'} | "
        f"{', '.join(e.evidence) or '—'} | {', '.join(e.told)} |"
        for e in _ENTRIES
    ]
    head = "| | 中文 | English | 可重试 retry | 回执 evidence | 告知 told |\n|-|-|-|-|-|-|"
    return "\n".join([head, *rows]) + "\n"
