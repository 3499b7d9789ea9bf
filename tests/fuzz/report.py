"""The table of a run: for people, for programs, and for docs/fuzz.md."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from kernel.settings import ROOT
from tests.fuzz.running import Result

FLOOR = 90
"""Per cent of branches; what is less is named with its lines."""

INTRO = """# 坏输入 Bad input

凡读取外来内容的解析器，都用生成的输入逐一试验：一半以上由有效样本改动而来，有些在改动后重新签名或
重算校验值；其余自由生成。只允许约定的结果：接受、拒绝、验证不通过。出现其他异常、不结束，或把改动过的
签名内容当作有效，均为缺陷。

Every parser of what comes from outside is tried with made input: more than half are changed valid
samples (some signed, or with their sums made right, anew), the rest is free. Only declared outcomes
are allowed: taken, refused, not verified. Any other exception, an input that does not end, or a
signed thing that is taken as genuine after a change, is a defect.

```
python -m tests.fuzz --count 10000 --jobs 2 --write docs/fuzz.md
python -m tests.fuzz --only cms --seed 1 --index 5      # 重现一个输入 one input again
```

解析器清单在 `tests/fuzz/catalogue.py`；新增的表单、POST 页面或读取原始内容的文件未列入时，测试不通过。
签名类样本每次用新密钥制作，接受的数目因此略有出入。表单每种一行，其分支计入 form-fields。
The catalogue is `tests/fuzz/catalogue.py`; a form, a POST page or a file that reads raw input and
is not there fails a test. Samples of signed things are made with new keys in each run, so that the
counts of what was taken differ a little. Forms have a row each; their branches are in form-fields.
分支至少统计前 3000 个输入；“每秒”按处理器时间计，含生成输入；“代码”是运行时主分支的提交，加号表示另有当时
尚未合入的改动。
Branches are counted over the first 3,000 inputs at least. Inputs a second are counted in processor time,
making them included; the state names the commit of the main branch that was run, a plus what was
not merged yet.
"""  # noqa: E501  # Chinese signs are counted twice as wide


HEADS = (
    *("parser", "inputs", "changed", "accepted", "refused", "violations", "branches"),
    *("a second", "state"),
)
Facts = dict[str, Any]
"""What a run over one parser gave, as plain values."""


def facts_of(result: Result) -> Facts:
    """A result as plain values."""
    reached = result.reached
    return {
        "parser": result.name,
        "inputs": result.inputs,
        "changed": result.changed,
        "accepted": result.accepted,
        "refused": result.refused,
        "violations": len(result.violations),
        "branches": reached.total if reached else 0,
        "taken": reached.taken if reached else 0,
        "missing": reached.missing if reached else {},
        "rate": round(result.inputs / max(result.seconds, 0.01)),
        "state": f"{datetime.now(UTC):%Y-%m-%d} {commit()}".strip(),
    }


@cache
def commit() -> str:
    """Which state of the code was run: of the main branch, with a plus for what is not in it yet.

    Empty where it is no checkout. Ask before other processes are begun: one that is forked while
    git answers would hold its answer open.
    """
    head, base = _git("rev-parse", "HEAD"), _git("merge-base", "HEAD", "main")
    return (base or head)[:7] + ("+" if base and base != head else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def low(one: Facts) -> bool:
    """Whether fewer branches were taken than should be."""
    return bool(100 * one["taken"] < FLOOR * one["branches"])


def row_of(one: Facts) -> tuple[str, ...]:
    """One line of the table."""
    changed = f"{100 * one['changed'] // max(one['inputs'], 1)} %"
    counts = (one["accepted"], one["refused"], one["violations"])
    row = (one["parser"], str(one["inputs"]), changed, *map(str, counts), _share(one))
    return (*row, str(one["rate"]), one["state"])


@dataclass(frozen=True)
class Kept:
    """What a docs/fuzz.md says already: the seeds; of each parser its row and its notes."""

    seeds: frozenset[int] = frozenset()
    rows: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, list[str]] = field(default_factory=dict)


def kept_of(text: str) -> Kept:
    """Read back what :func:`as_markdown` wrote."""
    rows: dict[str, str] = {}
    notes: dict[str, list[str]] = {}
    seeds: set[int] = set()
    for line in text.splitlines():
        if found := re.fullmatch(r"seed (\d+(?:, \d+)*):", line):
            seeds |= set(map(int, found[1].split(", ")))
        elif found := re.match(r"\| ([\w-]+) \| \d+ \|", line):
            rows[found[1]] = line
        elif found := re.match(r"- ([\w-]+): `", line):
            notes.setdefault(found[1], []).append(line)
    return Kept(frozenset(seeds), rows, notes)


def as_markdown(
    said: Sequence[Facts],
    seed: int,
    reasons: Mapping[str, dict[str, str]],
    kept: Kept | None = None,
) -> str:
    """The whole of docs/fuzz.md.

    :param reasons: every parser, in their order → place in the code → why no input takes a branch
        there. :param kept: what stands of parsers that were not run this time.
    """
    kept = kept or Kept()
    mine = {one["parser"]: f"| {' | '.join(row_of(one))} |" for one in said}
    rows = {name: line for name in reasons if (line := (kept.rows | mine).get(name))}
    lines = [
        INTRO,
        f"seed {', '.join(map(str, sorted({*kept.seeds, seed})))}:\n",
        "| 解析器 parser | 输入 inputs | 改动 changed | 接受 taken | 拒绝 refused "
        "| 缺陷 defects | 分支 branches | 每秒 a second | 代码 state |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|",
        *rows.values(),
    ]
    if lacking := sorted(reasons.keys() - rows.keys()):
        lines.append(f"\n尚未按此数目运行 Not run with so many yet: {', '.join(lacking)}")
    notes = {one["parser"]: _notes(one, reasons.get(one["parser"], {})) for one in said}
    notes = {**kept.notes, **notes}
    if missing := [line for name in rows for line in notes.get(name, [])]:
        lines.append("\n未到的分支 Branches not reached (line, and why where no input can):\n")
    return "\n".join([*lines, *missing]) + "\n"


def _notes(one: Facts, reasons: Mapping[str, str]) -> list[str]:
    lines = []
    for place, where in sorted(one["missing"].items()):
        why, at = reasons.get(place, ""), ", ".join(map(str, where))
        lines.append(f"- {one['parser']}: `{place}`, {at}" + (f"：{why}" if why else ""))
    return lines


def _share(one: Facts) -> str:
    if not one["branches"]:
        return "—"
    return f"{one['taken']}/{one['branches']} ({100 * one['taken'] / one['branches']:.0f} %)"
