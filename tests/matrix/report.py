"""What a walk over the screens gave: docs/pages.md, and lines to go on with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from tests.matrix.screens import SCREENS
from tests.matrix.walk import Finding, Walk

GROUPS = {
    "axe": ("axe",),
    "版面 fits": ("overflow", "cut text"),
    "焦点 focus": ("tab stops", "skip link"),
    "目标 targets": ("targets",),
    "强制颜色 forced": ("current",),
    "文字 words": ("title", "language"),
    "安静 quiet": ("console", "outside", "reached"),
}
LIMITS = {"html": 60, "css": 15, "js": 40, "requests": 12, "nodes": 1500, "shift": 0.05}
"""The budgets: kB as they travel (gzip), requests, elements, layout shift."""
INTRO = """# 页面 Pages

门户的每个页面都用真实的演示数据打开，中英文各一次，在 1440×900 和 390×844、标准和大字、
两个主题下检查，另加 200 % 缩放（720×450，2 倍像素）、320 像素、WCAG 文字间距、强制颜色和
不用脚本。axe-core 的全部规则不得有违规；自查项目：不横向溢出、文字不被截断；每个 Tab 停留处
有可见轮廓、在屏幕内、不被遮挡；“跳到主要内容”有效；目标不小于 24 像素，主要控件不小于 44
（手机大字 60）；控制台在 CSP 下没有出错；标题以页面名称开头；英文页面没有遗漏的中文；
不请求其他主机。表中为检查次数；有问题时写明“问题数 ✗”。

Every screen of the portal is opened on realistic data, once in each language, and looked at in
1440×900 and 390×844, standard and large text, both themes; at 200 % zoom (720×450, two device
pixels), 320 px, with the text spacing of WCAG, in forced colours and without scripts. No violation
of any rule of axe-core; and checks of our own: nothing sticks out or is cut off; every tab stop has
a visible outline, is on screen and not covered; the skip link works; targets of 24 px, main
controls of 44 (60 in large text on phones); a silent console under the CSP; the title begins with
the screen's name; no word of ours left in Chinese; no request to another host. The numbers are
checks made; where something is wrong it says how often, with ✗.

```
python -m tests.matrix --write docs/pages.md --pictures FOLDER
python -m tests.matrix --only edit --language en
```
"""


def cells(walk: Walk, screen: str) -> list[str]:
    """The row of a screen: one cell for each group of checks."""
    row = []
    for checks in GROUPS.values():
        asked = sum(walk.asked.get((screen, check), 0) for check in checks)
        wrong = sum(one.screen == screen and one.check in checks for one in walk.findings)
        row.append(f"{wrong} ✗" if wrong else str(asked) if asked else "—")
    return row


def over_budget(walk: Walk) -> list[str]:
    """What is heavier than its budget."""
    return [
        f"{screen}: {name} {value:.4g} > {LIMITS[name]}"
        for screen, facts in walk.budgets.items()
        for name, value in weights(facts).items()
        if value > LIMITS[name]
    ]


def weights(facts: dict[str, float]) -> dict[str, float]:
    """The numbers of a screen that have a budget; sizes in kB."""
    return {
        name: facts[name] / 1024 if name in ("html", "css", "js") else facts[name]
        for name in LIMITS
    }


def as_markdown(walk: Walk, when: date, browser: str) -> str:
    """The whole page."""
    seen = [screen for screen in SCREENS if (screen.name, "title") in walk.asked]
    heads = ["页面 screen", "地址 address", "人员 as", *GROUPS, "Tab"]
    twice = sum(walk.asked[screen.name, "title"] > 1 for screen in seen)
    lines = [INTRO, f"{when.isoformat()}, Chromium {browser}:"]
    lines += [f"{len(seen)} / {len(SCREENS)} screens, {twice} of them in both languages.", ""]
    lines += [_row(heads), _row(["---"] * 3 + ["--:"] * (len(heads) - 3))]
    for screen in seen:
        address = screen.page or screen.at.split("?")[0]
        stops = str(walk.stops.get(screen.name, 0))
        who = screen.person or "—"
        lines.append(_row([screen.name, f"`{address}`", who, *cells(walk, screen.name), stops]))
    lines += ["", *_budgets(walk)]
    return "\n".join(lines) + "\n"


def _budgets(walk: Walk) -> Iterable[str]:
    limits = f"HTML ≤ {LIMITS['html']} kB, CSS ≤ {LIMITS['css']} kB, JS ≤ {LIMITS['js']} kB (gzip)"
    yield f"## 页面预算 Budgets\n\n{limits}, ≤ {LIMITS['requests']} requests, "
    yield f"≤ {LIMITS['nodes']} nodes, layout shift ≤ {LIMITS['shift']}.\n"
    heads = ["screen", "HTML kB", "CSS kB", "JS kB", "requests", "nodes", "shift"]
    yield _row(heads)
    yield _row(["---", *["--:"] * 6])
    for screen, facts in walk.budgets.items():
        numbers = [
            f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in weights(facts).values()
        ]
        yield _row([screen, *numbers])


def _row(row: Iterable[str]) -> str:
    return f"| {' | '.join(row)} |"


def keep(file: Path, screen: str, language: str, seen: Walk) -> None:
    """Note what one screen in one language gave."""
    facts: dict[str, Any] = {
        "done": [screen, language],
        "findings": [asdict(one) for one in seen.findings],
        "asked": {check: times for (_screen, check), times in seen.asked.items()},
        "stops": seen.stops,
        "budgets": seen.budgets,
    }
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(facts, ensure_ascii=False) + "\n")


def kept(file: Path) -> tuple[Walk, set[tuple[str, str]]]:
    """What was noted, and which screens in which language are done."""
    walk, done = Walk(), set()
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        facts = json.loads(line)
        screen, language = facts["done"]
        done.add((screen, language))
        found = [Finding(**one) for one in facts["findings"]]
        asked = {(screen, check): times for check, times in facts["asked"].items()}
        walk.add(Walk(found, asked, facts["stops"], facts["budgets"]))
    return walk, done
