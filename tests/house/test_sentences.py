"""Every refusal is said in two languages, and says what to do."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from kernel import errors
from kernel.settings import ROOT

KINDS = {
    name for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.OfficeError)
}  # fmt: skip
ADVICE = re.compile("请|须|先|只能|不必|可以|可用|可运行|可从|应")
"""Without one of these a Chinese sentence tells nobody what to do."""


class Refusal(NamedTuple):
    where: str
    zh: str
    en: str


def text_of(node: ast.expr) -> str | None:
    """A text as it stands in the source, its values as ``{}``; None where it is made elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.Constant) else "{}" for one in node.values]
        return "".join(map(str, parts))
    if isinstance(node, ast.BinOp):
        both = text_of(node.left), text_of(node.right)
        return None if None in both else "".join(map(str, both))
    return None


def refusals(source: str, file: str = "x.py") -> Iterator[Refusal]:
    """What a source raises with sentences of its own."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or len(node.args) < 3:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        name = node.func.id if isinstance(node.func, ast.Name) else name
        zh, en = text_of(node.args[1]), text_of(node.args[2])
        # A sentence that is put together elsewhere ({}。) has its advice there.
        if name in KINDS and zh and en and re.search("[\u4e00-\u9fff]{5}", zh):
            yield Refusal(f"{file}:{node.lineno}", zh, en)


def wrong(one: Refusal) -> str:
    if not ADVICE.search(one.zh):
        return f"{one.where} does not say what to do: {one.zh}"
    if not re.search("[a-z]{3}", one.en) or re.search("[\u4e00-\u9fff]{4}", one.en):
        return f"{one.where} has no English sentence: {one.en}"
    return ""


def test_every_refusal_says_what_to_do():
    files = [*(ROOT / "kernel").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    found = [
        one
        for file in sorted(files)
        for one in refusals(file.read_text("utf-8"), str(Path(file).relative_to(ROOT)))
    ]
    assert len(found) > 250
    assert [text for text in map(wrong, found) if text] == []


@pytest.mark.parametrize(
    ("zh", "en", "fault"),
    [
        ("没有找到这个岗位。", "There is no such post.", "does not say what to do"),
        ("没有找到，请重新选择。", "", "has no English sentence"),
        ("没有找到，请重新选择。", "没有找到，请重新选择。", "has no English sentence"),
        ("没有找到，请重新选择。", "It was not found; choose again.", ""),
    ],
)
def test_what_is_wrong_is_found(zh: str, en: str, fault: str):
    (one,) = refusals(f"raise Invalid('x.y', {zh!r}, {en or ' '!r})")
    assert fault in wrong(one) if fault else not wrong(one)
