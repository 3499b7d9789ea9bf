"""The preview beside a draft: three pages typeset and drawn from what stands in the form."""

from __future__ import annotations

import os
import re
import statistics
import time
from pathlib import Path
from typing import Any

from kernel.testing_office import Office
from kernel.work.workshop import workshop
from tests.bench.measure import Result

DRAFTER, GOAL_MS = "林晓梅", 300.0
PARAGRAPH = (
    "（一）{number}．各单位要对照职责分工，逐项细化措施，明确完成时限，形成闭环管理；对排查发现的问题，"
    "要建立台账，销号管理，整改一项、核实一项，重大情况随时报告，并于每月二十五日前报送进展情况。"
)
PARAGRAPHS = 10
"""So many fill three pages."""


class Previewing:
    """A draft of three pages that changes with each keystroke, so that nothing is remembered."""

    def __init__(self, office: Office) -> None:
        self.browser = office.browser()
        self.browser.login(DRAFTER)
        made = self.browser.post("/documents/out/new", data={"type": "通知"})
        self.there = str(made.url.path).replace("/edit", "/preview")
        found = re.search(r'name="version"[^>]*value="(\d+)"', made.text)
        assert found is not None
        self.form: dict[str, Any] = {
            "version": found[1], "type": "通知", "main": ["620700-GFIN", "620700-GEDU"],
            "main_text": "市财政局，市教育局：", "urgency": "加急", "disclosure": "主动公开",
        }  # fmt: skip
        self.pages = 0
        self.cpu: list[float] = []

    @staticmethod
    def _cpu() -> float:
        """CPU seconds of this process and of the workshop's child, which typesets and draws."""
        child = workshop().child_pid
        if child is None:
            return time.process_time()
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")

    def once(self, number: int) -> float:
        """Milliseconds from the keystroke to the last page."""
        body = "\n".join(PARAGRAPH.format(number=number + at) for at in range(PARAGRAPHS))
        typed = {**self.form, "title": "关于做好安全生产工作的通知", "body": body}
        start, used = time.perf_counter(), self._cpu()
        answer = self.browser.post(self.there, data=typed)
        took = (time.perf_counter() - start) * 1000
        self.cpu.append(1000 * (self._cpu() - used))
        assert answer.status_code == 200, answer.status_code
        self.pages = answer.text.count("data:image/png;base64,")
        return took


def previewing(office: Office, rounds: int) -> list[Result]:
    """One line, in wall time, because most of it is done in the workshop's own process."""
    bench = Previewing(office)
    bench.once(0)  # starts the child
    times = sorted(bench.once(100 * number) for number in range(1, rounds + 1))
    value = times[len(times) // 2]
    more = {"pages": bench.pages, "fastest_ms": times[0], "rounds": rounds}
    more["cpu_ms"] = statistics.median(bench.cpu[1:])
    return [
        Result(
            f"preview of {bench.pages} pages, warm", value, "ms", GOAL_MS, value / GOAL_MS,
            f"<= {GOAL_MS:.0f} ms", value <= GOAL_MS and bench.pages >= 3, more,
        )
    ]  # fmt: skip
