"""XML from outside: no document type, no entities, and neither large nor deep nor of many parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder  # types; defused parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from kernel.errors import Invalid

LARGEST = 10 << 20
"""Bytes of one document."""
DEEPEST = 100
"""Elements within elements; office documents have about 20."""
MOST = 1_000_000
"""Elements and attributes of all documents of one container, because each costs time, however few
bytes it has. 300 pages of running text have up to 240,000, 300 pages of nothing but tables 350,000,
and the largest sheet that :data:`LARGEST` lets in (5,000 rows of 40 cells) has 910,000."""


class _Watch:
    """Counts while the parser reads: it takes seconds itself for what is very deep or very many."""

    def __init__(self) -> None:
        self._depth = self._count = 0

    def start(self, _tag: str, attributes: Sequence[str]) -> None:
        self._depth += 1
        self._count += 1 + len(attributes) // 2  # names and values in turn
        if self._depth > DEEPEST:
            raise _refuse("deep", "层次太深", "it is nested too deeply")
        if self._count > MOST:
            raise _refuse("many", "内容太多，请拆成几份", "it holds too much; split it")

    def end(self, _tag: str) -> None:
        self._depth -= 1


def check(documents: Iterable[bytes]) -> None:
    """Refuse what :func:`parse` would, and too much in all; a third of the work, and no tree.

    :raises Invalid: ``xml.large``, ``xml.deep``, ``xml.many``, ``xml.type`` (a document type or an
        entity), ``xml.broken``.
    """
    watch = _Watch()
    for data in documents:
        if len(data) > LARGEST:
            raise _refuse("large", "内容太大", "it is too large")
        parser = _parser()
        expat = parser.parser
        # What would build the tree is unhooked: it is most of the time that reading takes.
        expat.StartElementHandler, expat.EndElementHandler = watch.start, watch.end
        expat.CharacterDataHandler = expat.DefaultHandlerExpand = None
        expat.CommentHandler = expat.ProcessingInstructionHandler = None
        _read(parser, data)


def parse(data: bytes) -> Element:
    """The root element.

    :raises Invalid: as :func:`check`.
    """
    check([data])
    root: Element = _read(_parser(), data)
    return root


def _parser() -> Any:
    return DefusedXMLParser(
        target=TreeBuilder(), forbid_dtd=True, forbid_entities=True, forbid_external=True
    )


def _read(parser: Any, data: bytes) -> Any:
    try:
        parser.feed(data)
        return parser.close()
    except DefusedXmlException as error:
        raise _refuse("type", "含有文档类型声明或实体", "it declares a type or entities") from error
    except (ParseError, ValueError, LookupError) as error:
        raise _refuse("broken", "格式不正确", "it is not well-formed") from error


def _refuse(reason: str, zh: str, en: str) -> Invalid:
    return Invalid(
        f"xml.{reason}",
        f"文件没有收下：其中的 XML {zh}。请用原来的软件重新保存后再上传。",
        f"The file was not taken: {en} (XML). Save it again in its own program and upload that.",
    )
