"""Every row's test fails when its control is taken away; a row without that proves nothing."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernel.settings import ROOT
from tests.threats.controls import CONTROLS, THREATS, Control

ROWS = {*range(1, 11), 12, 14, 15, *range(18, 29)}
"""The rows of the table that are proved here."""
TABLE = ROOT / "docs" / "threats.md"


def row_tests() -> dict[int, Callable[..., Any]]:
    """The test of each row, by its number."""
    found: dict[int, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("test_") or module.name == "test_controls":
            continue
        for name, value in vars(importlib.import_module(f"tests.threats.{module.name}")).items():
            if match := re.match(r"test_row_(\d+)_", name):
                assert int(match[1]) not in found, name
                found[int(match[1])] = value
    return found


TESTS = row_tests()


def test_every_row_has_a_test_and_every_test_a_control():
    assert set(TESTS) == {one.row for one in CONTROLS} == ROWS


@pytest.mark.parametrize("control", CONTROLS, ids=[f"{one.row:02d} {one.name}" for one in CONTROLS])
def test_a_row_fails_without_its_control(
    control: Control, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    test = TESTS[control.row]
    _offices_are_made_before(request)
    control.remove(monkeypatch)
    # After the removal: a node is opened without the control, too.
    given = {name: request.getfixturevalue(name) for name in inspect.signature(test).parameters}
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(**given)


def _offices_are_made_before(request: pytest.FixtureRequest) -> None:
    """What all tests share is founded with every control in its place."""
    offices, databases = request.getfixturevalue("_offices"), request.getfixturevalue("databases")
    offices.copy(databases, request.getfixturevalue("tmp_path") / "first")


HEAD = """\
# 威胁与控制 Threats and controls

每一行由一项测试证明；把控制逐一去掉，该测试就必须失败（`tests/threats/test_controls.py`）。
Each row is proved by a test, and the test has to fail when any of its controls is taken away, one
at a time; `tests/threats/test_controls.py` does that in every run of the suite.

| 行 row | 威胁 threat | 控制 controls | 测试 test |
|---|---|---|---|
"""
FOOT = """
不在此表之列 Not in this table: 11, 13, 16, 17, 29, 30 (other nodes, watched folders, antivirus,
outgoing connections, supply chain, previews) come with the parts that they are about.

## 第 7 行：库里显示的与签名的是否一致 Row 7: whether the database shows what was signed

`manage.py log verify` 逐行比较，不一致的逐条指出：哪一处、库中写的是什么、签名的是什么、怎么办；随后继续核对其余各项。
`manage.py log verify` compares row by row, a few hundred at a time, while others go on working. It
names each difference with its place, what the row says, what was signed, and what to do, and goes
on with the rest. `tests/threats/test_rows.py` changes every one of these columns by SQL, on SQLite
and on PostgreSQL.

| 库中 rows | 与什么比较 held against |
|---|---|
| 日志 the log | 每条重新计算，树和所有检查点重建 every leaf hashed again, the tree and every signed root rebuilt |
| 办理动作 acts | 日志中的一条；各列、时间与所签内容逐项比较 their leaf; every column and the time, from the signed bytes and the leaf |
| 意见、原因 texts | 所签的摘要：原文必须与之相符，不能少，不能多 the digest that was signed: the text has to open it, none is missing, none was added |
| 意见栏 opinions | 所签文字、人员、职务、事项、时间 the words of their act, its person and post, its object, its time |
| 编号 numbers | 不缺号、下一个号正确；文件上的号就是编号办理所签的号 no gaps, the next one follows; the number on a document is the one its act signed |
| 回执 evidence | 日志中的一条，各列 their leaf, every column |
| 公文包 packages | 信封、受理、分发、作废、替换、撤回的签名 the signed envelope, acceptance, dispatch, void, replacement, recall |
| 投递 deliveries | 一张送达回执对应一条投递；状态、签收人、时间、原因、时限、逾期、催收、作废标记都有回执或办理 one evidence of delivery for each, and the other way round; state, who, when, why, deadline, reminders, marks: evidence or act |
| 公文 documents | 办理动作依次走到的环节；签发后的标题、正文、主送、附件；版式、盖章文件；历史版本 the step that its acts lead to; title, text, recipients after each act; the files; the versions |
| 密钥、授权、委托、启停、双人操作 keys, grants, delegations, switches, two-person acts | 决定它们的办理 the acts that decided them |

`acts_act`、`acts_private`、`acts_opinion` 和日志各表只增不改，数据库触发器拒绝修改和删除。
Acts, their texts, opinions and the log are insert-only: triggers of the database refuse changes.

不能发现的 What it cannot show: 在两次检查点之间删去的末尾几条；既没有签名、也没有回执的内容（人员姓名与岗位、单位名称、
公文的文种和公开属性、收文登记的时间、收文号整体调换），以及本节点的密钥一并被盗后的伪造。
What was cut off since the last checkpoint that somebody else keeps; what nobody signs: names and
posts of people, names of units, the type and disclosure of a document, incoming numbers exchanged
together with their register; times that only a row of version 0.1 says, by up to ten seconds; and
forgeries of somebody who has the keys of the node, too. The signatures themselves are verified
when a package or a piece of evidence is (docs/verify.md).
"""


def written() -> str:
    rows = []
    for row, test in sorted(TESTS.items()):
        controls = "; ".join(one.name for one in CONTROLS if one.row == row)
        where = f"`{test.__module__.rpartition('.')[2]}.py` {test.__name__}"
        rows.append(f"| {row} | {THREATS[row]} | {controls} | {where} |")
    return HEAD + "\n".join(rows) + "\n" + FOOT


def test_the_table_in_the_docs_is_this_one():
    """``JUYAN_WRITE_DOCS=1`` writes it anew."""
    if os.environ.get("JUYAN_WRITE_DOCS") == "1":
        TABLE.write_text(written(), "utf-8")
    assert TABLE.read_text("utf-8") == written()
