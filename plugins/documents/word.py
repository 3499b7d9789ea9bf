"""A draft out of a Word file: which line is what, as a usual official document has them.

The order is that of GB/T 9704-2012: head, title, addressees, text, list of attachments, signature,
date, notes, copies; then the attachments. What is not recognised stays in the text, where the
drafter sees it; what is left out is told to him in :attr:`Draft.told`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Any

from msgspec import Struct, field

from kernel.api import Invalid, Unit, _, pattern, scan, units, workshop
from plugins.documents import attachments, elements
from plugins.documents.checking import NUMBER

LARGEST = 20 << 20
_TITLE_LINES = 6
_LONGEST_SIGNATURE = 40
_DATE = pattern(r"(\d{4}|[〇○零一二三四五六七八九]{4})年.{1,3}月.{1,3}日")
_MARK = pattern(
    r"[(（]?[一二三四五六七八九十\d]{1,4}[)）]?[、.．]|[(（][一二三四五六七八九十\d]{1,4}[)）]"
)
_TO = pattern(r"[^。；]{2,400}[：:]")
_NOTE = pattern(r"附\s*件\s*[：:]\s*(.*)")
_NOTE_NEXT = pattern(r"\d{1,2}\s*[.．、]\s*(.+)")
_SECTION = pattern(r"附\s*件\s*+(\d{0,2}|[一二三四五六七八九十]{0,2})\s*+[：:]?")
_COPIES = pattern(r"抄\s*送\s*[：:]\s*(.*)")
_PRINTED = pattern(r".{2,40}\d{4}年\d{1,2}月\d{1,2}日\s*印发")
_URGENCY = pattern(r"(特\s*急|加\s*急)")
_SIGNER = pattern(r"签发人\s*[：:].*")
_SIGNS = pattern("([，、,；;])")
_MOST_PARTS = 4
"""A name that has 、 in itself consists of so many parts at most."""
_IN_BRACKETS = pattern(r"[(（](.+)[)）]")

Block = Mapping[str, Any]


class Draft(Struct):
    """What a file gives for a document; nothing of it is stored yet.

    :ivar found: the elements by name, those alone that were recognised.
    :ivar told: sentences about what was left out, changed or has to be looked at.
    """

    found: elements.Content = field(default_factory=dict)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def read(data: bytes, name: str, organ: Unit, offered: Collection[str]) -> Draft:
    """Look into an uploaded file; every word of it passes the scanners first.

    :param offered: codes and groups that can be chosen as recipients.
    :raises Invalid: what is wrong with the file, ``documents.word_empty``.
    :raises Refused: what a scanner found (a mark of secrecy).
    """
    workshop().take(data, name, accept=("docx",), largest=LARGEST)
    file = workshop().word(data)
    blocks: list[Block] = file["blocks"]
    scan("\n".join(_words(blocks)))
    if not any(one.get("text") for one in blocks):
        raise Invalid(
            "documents.word_empty",
            "文件里没有可以导入的文字，可能全是图片或文本框。请改用有文字的稿子，或直接录入。",
            "The file has no text to take over; it may consist of pictures or text boxes.",
            field="file",
        )
    draft = Draft()
    draft.told += _left_out(file["dropped"])
    _Parts(draft, organ, offered).read(blocks)
    return draft


def _words(blocks: Sequence[Block]) -> list[str]:
    return [
        one["text"] if "text" in one else "\n".join(map("\t".join, one["rows"])) for one in blocks
    ]


def _left_out(dropped: Mapping[str, int]) -> list[str]:
    sentences = {
        "images": _("图片 %(n)s 处没有导入。", n=dropped.get("images")),
        "boxes": _("文本框 %(n)s 处没有导入，其中的文字请自行补入。", n=dropped.get("boxes")),
        "changes": _("修订痕迹 %(n)s 处，按接受全部修订后的文字导入。", n=dropped.get("changes")),
        "comments": _("批注 %(n)s 处没有导入。", n=dropped.get("comments")),
        "notes": _("脚注、尾注 %(n)s 处没有导入。", n=dropped.get("notes")),
        "objects": _("嵌入对象 %(n)s 处没有导入。", n=dropped.get("objects")),
        "formulas": _("公式 %(n)s 处没有导入。", n=dropped.get("formulas")),
        "signs": _("特殊符号 %(n)s 处没有导入，请核对并补入。", n=dropped.get("signs")),
        "hidden": _("隐藏文字 %(n)s 处没有导入。", n=dropped.get("hidden")),
    }
    return [sentence for what, sentence in sentences.items() if dropped.get(what)]


class _Parts:
    """Takes the lines off from both ends; what is left between is the text."""

    def __init__(self, draft: Draft, organ: Unit, offered: Collection[str]) -> None:
        self.draft, self.organ, self.offered = draft, organ, offered
        self.names: list[str] = []
        self.typed: set[str] = set()
        self.tables = 0

    def read(self, blocks: Sequence[Block]) -> None:
        """Fill the draft."""
        cut = next((n for n, one in enumerate(blocks) if n and _is_section(one)), len(blocks))
        main, behind = list(blocks[:cut]), blocks[cut:]
        main = self._end(self._head(main))
        self._sections(behind)
        body = [text for one in main for text in self._in_text(one)]
        self.draft.found["body"] = [
            text if text in self.typed else _level_marks(text) for text in body
        ]
        self._compare_names()

    # ------------------------------------------------------------ from the top

    def _head(self, blocks: list[Block]) -> list[Block]:
        """Head, title and addressees."""
        to = next((n for n, one in enumerate(blocks[:20]) if _is_to(one.get("text", ""))), None)
        if to is not None:
            lead, rest = blocks[:to], blocks[to + 1 :]
            if self._title([one for one in lead if "text" in one]):
                self._recipients(blocks[to]["text"])
                return rest
        lead = self._leading(blocks)
        return blocks[len(lead) :] if lead and self._title(lead) else blocks

    def _leading(self, blocks: list[Block]) -> list[Block]:
        """Without addressees: the lines that are centred or come before the first sentence."""
        found: list[Block] = []
        for one in blocks[: _TITLE_LINES + 4]:
            text = one.get("text", "")
            if not text or "。" in text or _MARK.match(text) or len(text) > 60:
                break
            if found and _ends_title(_joined(found)) and one.get("align") != "center":
                break
            found.append(one)
        return found

    def _title(self, lead: list[Block]) -> bool:
        lines = [one["text"] for one in lead if not self._of_head(one["text"])]
        title = _title_of(lines)
        if not lines or len(lines) > _TITLE_LINES or len(title) > elements.LONGEST["title"]:
            return False
        if "。" in title:
            return False
        self.draft.found["title"] = title
        for type_ in elements.TYPES:
            if title.endswith(type_):
                self.draft.found["type"] = type_
        return True

    def _of_head(self, text: str) -> bool:
        """Banner, number, urgency, signer: set by the platform, not typed."""
        bare = text.replace(" ", "").replace("[", "〔").replace("]", "〕")
        urgent = _URGENCY.fullmatch(text)
        if urgent:
            self.draft.found["urgency"] = urgent[1].replace(" ", "")
        numbered = NUMBER.match(bare) or re.match(r".{1,14}〔.{0,6}〕.{0,6}号", bare)
        banner = bare.endswith("文件") and len(bare) <= 30
        dropped = bool(numbered or banner or _SIGNER.fullmatch(text))
        if dropped:
            self.draft.told.append(_("版头“%(line)s”由平台生成，没有导入。", line=text))
        return dropped or urgent is not None or re.fullmatch(r"\d{6}", bare) is not None

    def _recipients(self, line: str) -> None:
        known, unknown = _known(_names_in(line.rstrip("：:")), self.offered)
        self.draft.found["main"] = known
        self.draft.found["main_text"] = line.rstrip("：:") + "："
        if unknown:
            self.draft.told.append(
                _("主送机关中没有对上的：%(names)s，请在编辑页选择。", names="、".join(unknown))
            )

    # ------------------------------------------------------------ from the bottom

    def _end(self, blocks: list[Block]) -> list[Block]:
        """Copies, notes, date, signature and the list of attachments; tables may stand behind."""
        count = next((n for n, one in enumerate(reversed(blocks)) if "rows" not in one), 0)
        blocks, tables = blocks[: len(blocks) - count], blocks[len(blocks) - count :]
        blocks = self._behind_date(blocks)
        texts = [one.get("text", "") for one in blocks]
        if texts and _DATE.fullmatch(texts[-1].replace(" ", "")):
            self.draft.told.append(
                _("成文日期以签发日期为准，原稿的“%(line)s”没有导入。", line=texts[-1])
            )
            blocks = self._signature(blocks[:-1])
        return self._note(blocks) + tables

    def _behind_date(self, blocks: list[Block]) -> list[Block]:
        while blocks:
            text = blocks[-1].get("text", "")
            copies, bracketed = _COPIES.fullmatch(text), _IN_BRACKETS.fullmatch(text)
            if copies:
                self._copies(copies[1])
            elif _PRINTED.fullmatch(text.replace(" ", "")):
                self.draft.told.append(_("版记“%(line)s”由平台生成，没有导入。", line=text))
            elif bracketed and len(text) <= elements.LONGEST["annotation"]:
                self._bracketed(bracketed[1])
            else:
                break
            blocks = blocks[:-1]
        return blocks

    def _copies(self, line: str) -> None:
        known, unknown = _known(_names_in(line.rstrip("。")), self.offered)
        self.draft.found["cc"] = [elements.printed_name(value) for value in known]
        if unknown:
            self.draft.told.append(
                _("抄送机关中没有对上的：%(names)s，请在编辑页选择。", names="、".join(unknown))
            )

    def _bracketed(self, text: str) -> None:
        if re.fullmatch("此件(主动)?公开(发布)?", text):
            self.draft.found["disclosure"] = "主动公开"
        elif re.fullmatch("此件依申请公开", text):
            self.draft.found["disclosure"] = "依申请公开"
        elif "annotation" not in self.draft.found:
            self.draft.found["annotation"] = text

    def _signature(self, blocks: list[Block]) -> list[Block]:
        count = 0
        for one in reversed(blocks[-3:]):
            text = one.get("text", "")
            plain = text and "。" not in text and len(text) <= _LONGEST_SIGNATURE
            if not plain or _MARK.match(text) or _NOTE.match(text) or text.endswith(("：", ":")):
                break
            if count and one.get("align") not in ("right", "center") and text != self.organ.name:
                break
            count += 1
        if not count:
            return blocks
        names = "、".join(one["text"] for one in blocks[-count:])
        if names.replace(" ", "") not in (self.organ.name, self.organ.short_name):
            self.draft.told.append(
                _(
                    "原稿署名“%(names)s”没有导入，印发时署“%(organ)s”。",
                    names=names,
                    organ=self.organ.name,
                )
            )
        return blocks[:-count]

    def _note(self, blocks: list[Block]) -> list[Block]:
        """The list of attachments is the last thing before the signature."""
        for n in range(len(blocks) - 1, max(len(blocks) - 25, -1), -1):
            begun = _NOTE.fullmatch(blocks[n].get("text", ""))
            if begun is None:
                continue
            rest = [one.get("text", "") for one in blocks[n + 1 :]]
            if all(_NOTE_NEXT.fullmatch(text) for text in rest):
                self.names = [_bare(text) for text in (begun[1], *rest) if text.strip()]
                return blocks[:n]
            self._left_in_text(blocks[n]["text"], rest)
        return blocks

    def _left_in_text(self, line: str, rest: list[str]) -> None:
        """What stands behind the list is told; the list itself is left as it was typed."""
        self.typed = {line, *takewhile(_NOTE_NEXT.fullmatch, rest)}
        self.draft.told.append(
            _("附件说明“%(line)s”后面还有文字，没有分出，留在正文里，请核对。", line=line)
        )

    # ------------------------------------------------------------ tables and attachments

    def _in_text(self, block: Block) -> list[str]:
        if "text" in block:
            return [block["text"]]
        self.tables += 1
        title = _("表格%(n)s", n=self.tables)
        if not self._table(title, block):
            return []
        number = len(self.draft.attachments)
        self.draft.told.append(
            _(
                "正文中的第 %(n)s 个表格改为附件%(m)s，原处写“（见附件%(m)s）”。",
                n=self.tables,
                m=number,
            )
        )
        return [f"（见附件{number}）"]

    def _table(self, title: str, block: Block) -> bool:
        rows = [tuple(row) for row in block["rows"] if any(row)]
        wide = max(map(len, rows), default=0)
        if len(rows) < 2 or len(rows) > attachments.MOST_ROWS or wide > attachments.MOST_COLUMNS:
            self.draft.told.append(
                _("“%(title)s”只有一行，或者太大，没有导入；请在附件页另行添加。", title=title)
            )
            return False
        if block.get("merged"):
            self.draft.told.append(_("“%(title)s”里的合并单元格已拆开，请核对。", title=title))
        lines = "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)
        self.draft.attachments.append(attachments.table(title, lines))
        return True

    def _sections(self, blocks: Sequence[Block]) -> None:
        parts: list[list[Block]] = []
        for one in blocks:
            if _is_section(one):
                parts.append([])
            else:
                parts[-1].append(one)
        for number, part in enumerate(parts):
            self._section(number, part)

    def _section(self, number: int, part: list[Block]) -> None:
        named = self.names[number] if number < len(self.names) else ""
        first = part[0].get("text", "") if part else ""
        title = named or first[:100] or _("附件%(n)s", n=number + 1)
        texts = [one["text"] for one in part if "text" in one]
        if texts and texts[0].replace(" ", "") == title.replace(" ", ""):
            texts = texts[1:]
        grids = [one for one in part if "rows" in one]
        kept = sum(
            self._table(title if not texts else _("%(title)s（表）", title=title), one)
            for one in grids
        )
        if texts:
            at = len(self.draft.attachments) - kept
            self.draft.attachments.insert(at, attachments.text(title, "\n".join(texts)))

    def _compare_names(self) -> None:
        titles = {one["title"].replace(" ", "") for one in self.draft.attachments}
        missing = [name for name in self.names if name.replace(" ", "") not in titles]
        if missing:
            self.draft.told.append(
                _(
                    "附件说明里的“%(names)s”在文件中没有内容，请在附件页添加。",
                    names="、".join(missing),
                )
            )


def _is_section(block: Block) -> bool:
    return _SECTION.fullmatch(block.get("text", "")) is not None


def _is_to(text: str) -> bool:
    return bool(_TO.fullmatch(text)) and not _MARK.match(text) and not _NOTE.match(text)


def _joined(lead: list[Block]) -> str:
    return "".join(one["text"] for one in lead)


def _ends_title(text: str) -> bool:
    return text.endswith(tuple(elements.TYPES))


def _bare(name: str) -> str:
    numbered = _NOTE_NEXT.fullmatch(name.strip())
    return (numbered[1] if numbered else name).strip()


def _title_of(lines: Sequence[str]) -> str:
    """The lines as one, without the spaces that only spread them; one stays between two issuers."""
    parts = [part for line in lines for part in line.split()]
    issuers = {part for part in parts if len(part) >= units.LEAST and units.by_name(part)}
    signs = [" " if {before, part} <= issuers else "" for before, part in pairwise(parts)]
    return "".join(sign + part for sign, part in zip(["", *signs], parts, strict=True))


def _names_in(line: str) -> list[str]:
    """The names of a line; a group that has 、 in its name is one of them, the longest first."""
    cut, names, n = _SIGNS.split(line), [], 0
    while n < len(cut):
        ends = range(min(n + 2 * _MOST_PARTS - 1, len(cut)), n + 1, -2)
        spans = ("".join(cut[n:end]).strip() for end in ends)
        whole = next((one for one in spans if units.group_by_name(one) is not None), cut[n].strip())
        names.append(whole)
        n += 2 * (1 + len(_SIGNS.findall(whole)))
    return [name for name in names if name]


def _known(names: Sequence[str], offered: Collection[str]) -> tuple[list[str], list[str]]:
    """The recipients by code or group, and those names that are neither."""
    known: list[str] = []
    unknown: list[str] = []
    for name in names:
        group, unit = units.group_by_name(name), units.by_name(name)
        value = str(group.name) if group is not None else str(unit.code) if unit is not None else ""
        (known if value in offered else unknown).append(value if value in offered else name)
    return list(dict.fromkeys(known)), unknown


def _level_marks(text: str) -> str:
    """Half-width marks at the beginning of a line as GB/T 9704-2012, 7.3.3 writes them."""
    text = re.sub(r"^[(（]([一二三四五六七八九十]{1,3}|\d{1,2})[)）]\s*", r"（\1）", text)
    text = re.sub(r"^([一二三四五六七八九十]{1,3})\s*[、.．]\s*", r"\1、", text)
    return re.sub(r"^(\d{1,2})\s*[.．、]\s*(?!\d)", r"\1.", text)
