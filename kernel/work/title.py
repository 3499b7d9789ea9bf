"""Breaking a title into lines that read well.

GB/T 9704-2012, 7.3.1: 回行时，要做到词意完整，排列对称，长短适宜，间距恰当，
标题排列应当使用梯形或菱形.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from math import inf
from pathlib import Path

WIDEST = 19
"""Characters of 2号 (22 pt) that stand in 156 mm."""
_WORDS = Path(__file__).parent / "typeset" / "words.txt"
_NEVER_FIRST = "，。、；：！？）》”’〉】〕·的等及和与之"
_NEVER_LAST = "（《“‘〈【〔"
_GOOD_FIRST = ("关于", "转发", "印发", "贯彻", "有关", "工作", "实施", "进一步")
_GOOD_LAST = ("的", "、", "，", "》", "和", "及")


@cache
def _words() -> frozenset[str]:
    lines = _WORDS.read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def break_title(title: str, *, names: Iterable[str] = (), widest: int = WIDEST) -> list[str]:
    """The lines of a title: few, none wider than ``widest`` characters, in a trapezoid or diamond.

    A line never ends inside a word of ``typeset/words.txt``, one of ``names`` or a pair of
    brackets, unless the word alone is wider than a line. A line feed in the title is kept.
    """
    parts = [part for part in title.split("\n") if part] or [""]
    if len(parts) > 1:
        return parts
    return list(_break(parts[0], _words().union(name for name in names if name), widest))


@lru_cache(maxsize=256)
def _break(title: str, words: frozenset[str], widest: int) -> tuple[str, ...]:
    if len(title) <= widest:
        return (title,)
    search = _Search(title, _costs(title, words), widest)
    fewest = -(-len(title) // widest)
    for count in range(max(fewest, 2), min(fewest + 2, 5) + 1):
        search.look(count, 2.5 * (count - fewest))
    if search.best is not None:
        return search.best[1]
    return tuple(title[i : i + widest] for i in range(0, len(title), widest))


class _Search:
    """The best of all ways to cut a title; those that can no longer be it are not looked at.

    A title of 90 signs has millions of ways to be cut into five lines, and one must not wait for
    them: everybody's pages are typeset by the same child.
    """

    def __init__(self, title: str, costs: dict[int, float], widest: int) -> None:
        self.best: tuple[float, tuple[str, ...]] | None = None
        self._title, self._costs, self._widest = title, costs, widest
        self._places = sorted(costs)
        self._known: dict[tuple[int, int], float] = {}

    def look(self, count: int, extra: float) -> None:
        """Look at the ways into so many lines. :param extra: what so many lines cost."""
        self._look((), 0, 0.0, count, extra)

    def _look(
        self, lines: tuple[str, ...], start: int, cost: float, left: int, extra: float
    ) -> None:
        least = cost + self._least(start, left) + extra
        if least == inf or (self.best is not None and least > self.best[0] + 1e-9):
            return
        if left == 1:
            lines = (*lines, self._title[start:])
            whole = cost + _shape(lines) + extra
            if self.best is None or whole < self.best[0]:
                self.best = whole, lines
            return
        for place in self._after(start):
            line = self._title[start:place]
            self._look((*lines, line), place, cost + self._costs[place], left - 1, extra)

    def _after(self, start: int) -> list[int]:
        """Where a line that begins there may end."""
        first, last = start + 1, start + self._widest
        return self._places[bisect_left(self._places, first) : bisect_right(self._places, last)]

    def _least(self, start: int, left: int) -> float:
        """What the rest costs at least, whatever its shape; ``inf`` where it cannot be cut so."""
        if left == 1:
            return 0.0 if len(self._title) - start <= self._widest else inf
        if (start, left) not in self._known:
            ways = (self._costs[at] + self._least(at, left - 1) for at in self._after(start))
            self._known[start, left] = min(ways, default=inf)
        return self._known[start, left]


def _costs(title: str, words: frozenset[str]) -> dict[int, float]:
    """Where a line may end, and how badly it reads there."""
    starts, ends, inside = _word_edges(title, words)
    costs: dict[int, float] = {}
    for cut in range(2, len(title) - 1):
        if cut in inside or title[cut] in _NEVER_FIRST or title[cut - 1] in _NEVER_LAST:
            continue
        known = (cut in starts or title.startswith(_GOOD_FIRST, cut)) + (cut in ends)
        cost = (6.0, 2.5, 0.5)[known]
        cost -= 1.5 * title.startswith(_GOOD_FIRST, cut) + 1.0 * title[:cut].endswith(_GOOD_LAST)
        costs[cut] = cost + 6 * _open_brackets(title[:cut]) + 3 * title[:cut].endswith("关于")
    return costs


def _word_edges(title: str, words: frozenset[str]) -> tuple[set[int], set[int], set[int]]:
    starts: set[int] = set()
    ends: set[int] = set()
    inside: set[int] = set()
    longest = max(map(len, words), default=1)
    for start in range(len(title)):
        for end in range(start + 2, min(start + longest, len(title)) + 1):
            if title[start:end] in words:
                starts.add(start)
                ends.add(end)
                inside.update(range(start + 1, end))
    return starts, ends, inside


def _open_brackets(text: str) -> int:
    return sum(text.count(a) - text.count(b) for a, b in ("《》", "（）", "“”"))


def _shape(lines: Sequence[str]) -> float:
    """0 for a good trapezoid or diamond, more for a block, an hourglass or a straggler."""
    sizes = [len(line) for line in lines]
    peak = sizes.index(max(sizes))
    rises = all(a <= b for a, b in zip(sizes[:peak], sizes[1 : peak + 1], strict=True))
    falls = all(a >= b for a, b in zip(sizes[peak:-1], sizes[peak + 1 :], strict=True))
    cost = 0.0 if rises and falls else 4.0
    cost += 1.0 if max(sizes) - min(sizes) < 2 else 0.0
    cost += sum(0.3 * max(0, max(sizes) - size - 9) for size in sizes)
    return cost + (3.0 if min(sizes) < 5 else 0.0)
