"""Running a parser over generated input: what it may answer, and what of it was reached."""

from __future__ import annotations

import ast
import importlib
import logging
import os
import random
import resource
import signal
import traceback
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import coverage

from kernel.errors import OfficeError
from tests.fuzz.mutating import Luck

How = Literal["changed", "resigned", "free"]
"""A changed sample; a changed sample that was signed, or its sums made right, anew; free input."""
Input = tuple[How, Any]
MEASURED = 3000
"""Inputs over which branches are counted, since that doubles the work: what the others reach beyond
them does not count."""
SECONDS = 30
"""Of processor time for one input: far above any input here, so that only what hangs meets it."""


@dataclass(frozen=True)
class Parser:
    """One parser of the system and how it is fed.

    :ivar modules: what is measured; :ivar leaves: functions in them that read nothing (they write,
        name or explain), with all that is in them.
    :ivar unreached: branches that no input reaches, ``module:function`` → why; they still count.
    :ivar meaning: of what was accepted; where it is given, a changed input may be accepted only
        with the meaning of one of the samples (it is signed).
    :ivar check: what is wrong with an accepted input; empty for nothing.
    """

    name: str
    modules: tuple[str, ...]
    samples: Callable[[], Sequence[Any]]
    read: Callable[[Any], Any]
    make: Callable[[Luck, Sequence[Any]], Input]
    refusals: tuple[type[Exception], ...] = (OfficeError,)
    meaning: Callable[[Any, Any], Hashable] | None = None
    check: Callable[[Any, Any], str] = lambda given, found: ""
    leaves: frozenset[str] = frozenset()
    unreached: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Violation:
    """An answer that no parser may give. :ivar shown: the input, to be read in again."""

    parser: str
    seed: int
    index: int
    how: str
    what: str
    shown: bytes

    def keep(self, folder: Path) -> Path:
        """Write the input down, in hexadecimal."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.parser}-{self.seed}-{self.index}.hex"
        file.write_text(self.shown.hex() + "\n", "ascii")
        return file


@dataclass
class Result:
    """What a run over one parser gave. :ivar seconds: of processor time for the inputs."""

    name: str
    seed: int
    inputs: int = 0
    seconds: float = 0.0
    changed: int = 0
    accepted: int = 0
    refused: int = 0
    violations: list[Violation] = field(default_factory=list)
    reached: Reached | None = None


@dataclass(frozen=True)
class Reached:
    """Branches of the parser's modules. :ivar missing: ``module:function`` → lines."""

    total: int
    taken: int
    missing: dict[str, list[int]]

    @property
    def share(self) -> float:
        """Of all branches, in per cent; 100 where there is none."""
        return 100.0 * self.taken / self.total if self.total else 100.0


class HangsError(Exception):
    """An input that took longer than any may."""


@contextmanager
def bounded(seconds: float = SECONDS) -> Iterator[None]:
    """Break off what does not end; by processor time, so that a busy machine changes nothing."""

    def ring(_: int, frame: FrameType | None) -> None:
        raise HangsError(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def luck_of(name: str, seed: int, index: int) -> Luck:
    """The luck of one input: the same for the same three, in every process."""
    return random.Random(f"{name}/{seed}/{index}")


def run(parser: Parser, count: int, seed: int, *, first: int = 0, measured: bool = False) -> Result:
    """Feed a parser with its samples, which it must take, and with so many made inputs.

    :param first: the number of the first input, where a long run is done in parts.
    """
    logging.disable(logging.CRITICAL)  # what a parser has to say of bad input, it says often
    try:
        return _run(parser, range(first, first + count), seed, measured=measured)
    finally:
        logging.disable(logging.NOTSET)


def _run(parser: Parser, indices: Iterable[int], seed: int, *, measured: bool) -> Result:
    samples = list(parser.samples())
    meanings = set()
    result = Result(parser.name, seed)
    for sample in samples:
        found = parser.read(sample)
        if parser.meaning is not None:
            meanings.add(parser.meaning(sample, found))
    fed = iter(indices)
    begun = _spent()
    if measured and parser.modules:
        with measuring(parser, result):
            for sample in samples:
                parser.read(sample)
            _feed(parser, islice(fed, MEASURED), samples, meanings, result)
    _feed(parser, fed, samples, meanings, result)
    result.seconds = _spent() - begun
    return result


def _feed(
    parser: Parser,
    indices: Iterable[int],
    samples: Sequence[Any],
    meanings: set[Hashable],
    result: Result,
) -> None:
    for index in indices:
        how, given = parser.make(luck_of(parser.name, result.seed, index), samples)
        result.inputs += 1
        result.changed += how != "free"
        what = _answer(parser, how, given, meanings, result)
        if what:
            shown = shown_of(given)
            result.violations.append(Violation(parser.name, result.seed, index, how, what, shown))


def _spent() -> float:
    """Seconds of processor time so far, of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _answer(parser: Parser, how: How, given: Any, meanings: set[Hashable], result: Result) -> str:
    try:
        with bounded():
            found = parser.read(given)
    except parser.refusals:
        result.refused += 1
        return ""
    except Exception:
        return traceback.format_exc(limit=-4)
    result.accepted += 1
    wrong = parser.check(given, found)
    if wrong:
        return wrong
    if parser.meaning is not None and how == "changed":
        if parser.meaning(given, found) not in meanings:
            return "a changed input was accepted as genuine, and says something else"
    return ""


def shown_of(given: Any) -> bytes:
    """An input as bytes, to be kept."""
    if isinstance(given, bytes):
        return given
    text = given if isinstance(given, str) else repr(given)
    return text.encode("utf-8", "surrogatepass")


@contextmanager
def measuring(parser: Parser, result: Result) -> Iterator[None]:
    """Note in the result which branches of the parser's modules are taken within."""
    files = {name: _file_of(name) for name in parser.modules}
    measured = coverage.Coverage(
        branch=True, include=list(files.values()), data_file=None, config_file=False
    )
    measured.start()
    try:
        yield
    finally:
        measured.stop()
    result.reached = _reached(parser, files, measured)


def _file_of(module: str) -> str:
    found = importlib.import_module(module).__file__
    assert found is not None
    return found


def _reached(parser: Parser, files: dict[str, str], measured: coverage.Coverage) -> Reached:
    total = taken = 0
    missing: dict[str, list[int]] = {}
    for module, file in files.items():
        places = functions(Path(file))
        stats = measured.branch_stats(file)
        for line, (there, gone) in sorted(stats.items()):
            place = places.get(line, "")
            if not place or f"{module}:{place}" in parser.leaves:
                continue  # what runs once, at the import, is no branch of the parser
            total, taken = total + there, taken + gone
            if gone < there:
                missing.setdefault(f"{module}:{place}", []).append(line)
    return Reached(total, taken, missing)


def functions(file: Path) -> dict[int, str]:
    """Line → the name of the function around it, with its class, outermost first."""
    found: dict[int, str] = {}

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                walk(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                found.update(dict.fromkeys(lines, prefix + node.name))

    walk(ast.parse(file.read_text("utf-8")).body, "")
    return found


def all_but(module: str, *names: str) -> frozenset[str]:
    """All functions of a module but these: what a parser of one part of it leaves aside."""
    places = set(functions(Path(_file_of(module))).values())
    return frozenset(f"{module}:{place}" for place in places - set(names))


def limited(memory: int = 3 << 30) -> None:
    """No input may want more memory than this; where it does, it is a MemoryError and shows."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
