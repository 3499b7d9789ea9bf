"""A Word file as lines and tables, with a count of everything that was left out.

Runs in the workshop's child only. The text is the one that Word shows once all changes are
accepted: insertions are in it, deletions are not. Pictures, notes, comments and text boxes are
counted, so that whoever brings the file learns what did not come with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from kernel.errors import Invalid
from kernel.work import markup, zips
from kernel.work.word_numbers import Numbering, W, numbering

MOST_BLOCKS = 5000
MOST_COLUMNS = 100
Element = Any
Block = dict[str, Any]

_COUNTED = {
    f"{W}commentReference": "comments",
    f"{W}footnoteReference": "notes",
    f"{W}endnoteReference": "notes",
    f"{W}object": "objects",
    f"{W}altChunk": "objects",
    f"{W}sym": "signs",
}
_DRAWN = (f"{W}drawing", f"{W}pict")
_ALTERNATIVE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_FORMULAS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_PLAIN = {f"{W}tab": " ", f"{W}noBreakHyphen": "-", f"{W}br": "\n", f"{W}cr": "\n"}
_OFF = ("0", "false", "off")


def read(data: bytes) -> dict[str, Any]:
    """``blocks``: ``{"text", "align", "numbered"}`` or ``{"rows", "merged"}``; ``dropped``: counts.

    :raises Invalid: ``uploads.unreadable``, ``uploads.blocks`` where there are too many.
    """
    found = zips.members(data)
    body = markup.parse(found["word/document.xml"]).find(f"{W}body")
    if body is None:
        raise Invalid(
            "uploads.unreadable",
            "文件内容读不出来，请用原来的软件重新保存后再上传。",
            "The file cannot be read; save it again in its own program and upload that.",
            field="file",
        )
    reader = _Reader(numbering(found))
    blocks = list(reader.blocks(body))
    if len(blocks) > MOST_BLOCKS:
        raise Invalid(
            "uploads.blocks",
            f"文稿超过 {MOST_BLOCKS} 段，请分成几份，或将部分内容改为附件。",
            f"It has more than {MOST_BLOCKS} paragraphs; split it or make parts attachments.",
            field="file",
        )
    return {"blocks": blocks, "dropped": dict(reader.dropped)}


class _Reader:
    def __init__(self, lists: Numbering) -> None:
        self.lists = lists
        self.dropped: Counter[str] = Counter()

    def blocks(self, parent: Element) -> Iterator[Block]:
        """Paragraphs and tables in order; content controls and insertions are looked through."""
        for one in parent:
            if one.tag == f"{W}p":
                yield from self.paragraph(one)
            elif one.tag == f"{W}tbl":
                yield self.table(one)
            elif one.tag in (f"{W}sdt", f"{W}ins", f"{W}customXml", f"{W}sdtContent"):
                yield from self.blocks(one)
            elif one.tag in _COUNTED:
                self.dropped[_COUNTED[one.tag]] += 1

    def paragraph(self, element: Element) -> Iterator[Block]:
        properties = element.find(f"{W}pPr")
        align = properties.find(f"{W}jc") if properties is not None else None
        how = "" if align is None else str(align.get(f"{W}val", ""))
        text = "".join(self.inside(element))
        mark = self.lists.mark(properties) if text.strip() else ""
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        for number, line in enumerate(lines):
            first = mark if number == 0 else ""
            yield {"text": first + line, "align": how, "numbered": bool(first)}

    def inside(self, element: Element) -> Iterator[str]:
        """The text of a paragraph or of anything within one."""
        for one in element:
            tag = one.tag
            if tag == f"{W}t":
                yield one.text or ""
            elif tag in _PLAIN:
                yield _PLAIN[tag]
            elif tag in _DRAWN or tag == _ALTERNATIVE:
                boxed = one.find(f".//{W}txbxContent") is not None
                self.dropped["boxes" if boxed else "images"] += 1
            elif tag in (f"{W}del", f"{W}moveFrom"):
                self.dropped["changes"] += 1
            elif str(tag).startswith(_FORMULAS):
                self.dropped["formulas"] += 1
            elif tag in _COUNTED:
                self.dropped[_COUNTED[tag]] += 1
            elif tag == f"{W}r" and _hidden(one):
                self.dropped["hidden"] += 1
            elif tag not in (f"{W}pPr", f"{W}rPr"):
                self.dropped["changes"] += tag in (f"{W}ins", f"{W}moveTo")
                yield from self.inside(one)

    def table(self, element: Element) -> Block:
        rows, merged = [], False
        for row in _children(element, f"{W}tr"):
            if row.find(f"{W}trPr/{W}del") is not None:
                self.dropped["changes"] += 1
                continue
            cells: list[str] = []
            for cell in _children(row, f"{W}tc"):
                span, below = _merged(cell)
                merged |= span > 1 or below
                said = "" if below else " ".join(self._cell(cell))
                cells += [said, *[""] * (span - 1)]
            rows.append(cells[:MOST_COLUMNS])
        return {"rows": rows, "merged": merged}

    def _cell(self, cell: Element) -> Iterator[str]:
        for one in self.blocks(cell):
            yield one["text"] if "text" in one else " ".join(map(" ".join, one["rows"]))


def _children(parent: Element, tag: str) -> Iterator[Element]:
    """The children of this kind, also those within content controls."""
    for one in parent:
        if one.tag == tag:
            yield one
        elif one.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml"):
            yield from _children(one, tag)


def _hidden(run: Element) -> bool:
    found = run.find(f"{W}rPr/{W}vanish")
    return found is not None and found.get(f"{W}val") not in _OFF


def _merged(cell: Element) -> tuple[int, bool]:
    """Over how many columns a cell reaches, and whether it only goes on from the row above."""
    span = cell.find(f"{W}tcPr/{W}gridSpan")
    width = "1" if span is None else str(span.get(f"{W}val", "1"))
    down = cell.find(f"{W}tcPr/{W}vMerge")
    below = down is not None and down.get(f"{W}val", "continue") != "restart"
    return (min(int(width), MOST_COLUMNS) if width.isdecimal() and len(width) < 4 else 1), below
