"""XML from outside: no document type, no entities, and neither large nor deep."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder  # types; defused parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from kernel.errors import Invalid

LARGEST = 10 << 20
"""Bytes of one document."""
DEEPEST = 100
"""Elements within elements; office documents have about 20."""


class _Builder(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, *element: Any) -> Any:
        # Counted here because the parser itself takes seconds for what is very deep.
        self._depth += 1
        if self._depth > DEEPEST:
            raise _refuse("deep", "层次太深", "it is nested too deeply")
        return super().start(*element)

    def end(self, tag: Any) -> Any:
        self._depth -= 1
        return super().end(tag)


def parse(data: bytes) -> Element:
    """The root element.

    :raises Invalid: ``xml.large``, ``xml.deep``, ``xml.type`` (a document type or an entity),
        ``xml.broken``.
    """
    if len(data) > LARGEST:
        raise _refuse("large", "内容太大", "it is too large")
    parser = DefusedXMLParser(
        target=_Builder(), forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise _refuse("type", "含有文档类型声明或实体", "it declares a type or entities") from error
    except (ParseError, ValueError, LookupError) as error:
        raise _refuse("broken", "格式不正确", "it is not well-formed") from error
    return root


def _refuse(reason: str, zh: str, en: str) -> Invalid:
    return Invalid(
        f"xml.{reason}",
        f"文件没有收下：其中的 XML {zh}。请用原来的软件重新保存后再上传。",
        f"The file was not taken: {en} (XML). Save it again in its own program and upload that.",
    )
