"""What a walk over the screens gave: docs/pages.md, and lines to go on with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tests.matrix.paint import GOAL, Paint
from tests.matrix.screens import MANY, SCREENS
from tests.matrix.states import STATES
from tests.matrix.walk import Finding, Walk, problems

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

门户的页面用真实的演示数据打开，中英文各一次，在 1440×900 和 390×844、标准和大字、
两个主题下检查，另加 200 % 缩放（720×450，2 倍像素）、320 像素、WCAG 文字间距、强制颜色和
不用脚本。axe-core 的全部规则不得有违规；自查项目：不横向溢出、文字不被截断；每个 Tab 停留处
有可见轮廓、在屏幕内、不被遮挡；“跳到主要内容”有效；目标不小于 24 像素，主要控件不小于 44
（手机大字 60）；控制台在 CSP 下没有出错；标题以页面名称开头；英文页面没有遗漏的中文；
不请求其他主机。表中为检查次数；有问题时写明“问题数 ✗”。

The screens of the portal are opened on realistic data, once in each language, and looked at in
1440×900 and 390×844, standard and large text, both themes; at 200 % zoom (720×450, two device
pixels), 320 px, with the text spacing of WCAG, in forced colours and without scripts. No violation
of any rule of axe-core; and checks of our own: nothing sticks out or is cut off; every tab stop has
a visible outline, is on screen and not covered; the skip link works; targets of 24 px, main
controls of 44 (60 in large text on phones); a silent console under the CSP; the title begins with
the screen's name; no word of ours left in Chinese; no request to another host. The numbers are
checks made; where something is wrong it says how often, with ✗.

```
python -m tests.matrix --lines FILE --pictures FOLDER --write docs/pages.md
python -m tests.matrix --only edit --pass en
python -m tests.matrix --pass old --pass paint
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


@dataclass
class Told:
    """Everything that stands in docs/pages.md.

    :ivar walks: what each pass saw. :ivar paints: first and largest paint of the main screens.
    :ivar browsers: the version of the browser of each pass.
    """

    walks: dict[str, Walk] = field(default_factory=dict)
    paints: dict[str, Paint] = field(default_factory=dict)
    browsers: dict[str, str] = field(default_factory=dict)
    done: set[tuple[str, str]] = field(default_factory=set)

    def walk(self, *passes: str) -> Walk:
        """What these passes saw together."""
        together = Walk()
        for one in passes or self.walks:
            together.add(self.walks.get(one, Walk()))
        return together


def as_markdown(told: Told, when: date, commit: str = "") -> str:
    """The whole page. :param commit: of the last walk that is in it."""
    walk = told.walk("zh", "en", "plain", "many", "many-en")
    everything = [*SCREENS, *MANY]
    seen = [screen for screen in everything if (screen.name, "title") in walk.asked]
    heads = ["页面 screen", "地址 address", "人员 as", *GROUPS, "Tab"]
    twice = sum(walk.asked[screen.name, "title"] > 1 for screen in seen)
    at = f", {commit}" if commit else ""
    lines = [INTRO, f"{when.isoformat()}{at}, Chromium {told.browsers.get('zh', '')}:"]
    forced = sum(state.forced for state in STATES)
    whole = sum(walk.asked.get((screen.name, "current"), 0) > forced for screen in seen)
    lines += [f"{len(seen)} / {len(everything)} screens, {twice} of them in both languages;"]
    lines += [
        f"{whole} in every state in both, the others in those of a first look (`--brief`).",
        "",
    ]
    lines += [*_cells(walk), ""]
    lines += [_row(heads), _row(["---"] * 3 + ["--:"] * (len(heads) - 3))]
    for screen in seen:
        address = screen.page or screen.at.split("?")[0]
        stops = str(walk.stops.get(screen.name, 0))
        who = screen.person or "—"
        lines.append(_row([screen.name, f"`{address}`", who, *cells(walk, screen.name), stops]))
    lines += ["", *_wrong(walk), *_budgets(walk), "", *_old(told), *_paints(told.paints)]
    return "\n".join(lines) + "\n"


def _cells(walk: Walk) -> Iterable[str]:
    """In which states how many screens were looked at."""
    yield "## 看过的组合 What was looked at\n"
    yield "各状态下看过的页面数；“own”是该单位自己的主题（市委办为党政红），“other”是另一个主题。\n"
    yield "The number of screens in each state, in the theme of their organ and in the other one.\n"
    states = dict.fromkeys(cell.partition(" ")[2] for cell in walk.cells)
    named = [state for state in states if not state.endswith(" other theme")]
    yield _row(["状态 state", "zh own", "zh other", "en own", "en other"])
    yield _row(["---", *["--:"] * 4])
    for state in named:
        counts = [
            walk.cells.get(f"{language} {state}{theme}", 0)
            for language in ("zh", "en")
            for theme in ("", " other theme")
        ]
        yield _row([state, *(str(count or "—") for count in counts)])


def _wrong(walk: Walk) -> Iterable[str]:
    found = list(problems(walk))
    if found:
        yield "## 未解决 What is wrong\n"
        yield from (f"- {line.replace('<', '&lt;')}" for line in found)
        yield ""


OLD_PASSES = ("old", "old-en", "old-many")


def _old(told: Told) -> Iterable[str]:
    """What the oldest browser showed."""
    yield "## Chromium 109\n"
    if "old" not in told.browsers:
        yield "没有运行 not run.\n"
        return
    screens = [len({screen for screen, _ in told.walk(one).asked}) for one in OLD_PASSES]
    walk = told.walk(*OLD_PASSES)
    axe = sum(times for (_screen, check), times in walk.asked.items() if check == "axe")
    version, (chinese, english, much) = told.browsers["old"], screens
    yield f"{version}：{chinese} 个页面（中文）、{english} 个（英文）、{much} 个“很多数据”的页面，"
    yield f"1440×900 标准字、390×844 大字，两个主题，检查相同，其中 axe {axe} 次。\n"
    yield f"{chinese} screens in Chinese, {english} in English and {much} lists with much in them,"
    yield "1440×900 and 390×844 in large text, both themes, the same checks,"
    yield f"{axe} of them axe: {', '.join(sorted({screen for screen, _ in walk.asked}))}.\n"
    found = list(problems(walk))
    yield from (f"- {line.replace('<', '&lt;')}" for line in found)
    yield "" if found else "没有发现问题。Nothing was wrong.\n"


def _paints(paints: Mapping[str, Paint]) -> Iterable[str]:
    """When the main screens are there on a slow line."""
    if not paints:
        return
    yield "## 慢速网络 On a slow line\n"
    yield "1.6 Mbit/s、往返 150 ms、处理器慢 4 倍，毫秒，三次的中位数；目标：最大绘制 ≤ 2500。\n"
    yield "1.6 Mbit/s, 150 ms, a processor four times slower, in ms, the median of three; goal: the"
    yield "largest paint within 2500.\n"
    yield _row(["screen", "首次 first", "最大 largest", "再次打开 largest, warm", "负载 load"])
    yield _row(["---", *["--:"] * 4])
    for screen, paint in paints.items():
        late = " ✗" if paint["largest"] > GOAL else ""
        numbers = [f"{paint['first']:.0f}", f"{paint['largest']:.0f}{late}", f"{paint['warm']:.0f}"]
        numbers += [f"{paint['load']:.0f}"]
        yield _row([screen, *numbers])


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


def keep(file: Path, screen: str, way: str, seen: Walk) -> None:
    """Note what one screen gave in one pass."""
    facts: dict[str, Any] = {
        "done": [screen, way],
        "findings": [asdict(one) for one in seen.findings],
        "asked": {check: times for (_screen, check), times in seen.asked.items()},
        "stops": seen.stops,
        "budgets": seen.budgets,
        "cells": seen.cells,
    }
    _append(file, facts)


def keep_paint(file: Path, screen: str, paint: Paint) -> None:
    """Note when one screen was there."""
    _append(file, {"done": [screen, "paint"], "paint": paint})


def keep_browser(file: Path, way: str, version: str) -> None:
    """Note the browser of a pass."""
    _append(file, {"browser": [way, version]})


def _append(file: Path, facts: Mapping[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(facts, ensure_ascii=False) + "\n")


def kept(*files: Path) -> Told:
    """What was noted in these files; what is noted again takes the place of the older."""
    told, newest = Told(), {}
    for file in files:
        for line in file.read_text("utf-8").splitlines() if file.exists() else ():
            facts = json.loads(line)
            if "browser" in facts:
                told.browsers |= dict([facts["browser"]])
            else:
                newest[tuple(facts["done"])] = facts
    for (screen, way), facts in newest.items():
        told.done.add((screen, way))
        if way == "paint":
            told.paints[screen] = facts["paint"]
            continue
        found = [Finding(**one) for one in facts["findings"]]
        asked = {(screen, check): times for check, times in facts["asked"].items()}
        walk = Walk(found, asked, facts["stops"], facts["budgets"], facts["cells"])
        told.walks.setdefault(way, Walk()).add(walk)
    return told
