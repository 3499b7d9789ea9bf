"""Cutting texts and queries into the tokens of the search index.

Chinese is indexed by pairs of neighbouring characters: 安全生产 becomes 安全 全生 生产 and, at the
end of the run, 产 alone, so that single characters are found too. Words of letters and digits stay
whole, in lower case. Where punctuation or space lies between, a gap token stands: two texts on its
two sides are never taken for one.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from msgspec import Struct

GAP = "_"
MOST_TERMS = 10
MOST_CHARACTERS = 100
NEWEST = 2**63 - 1
"""Above the number of every entry: where a list begins."""

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


@cache  # half of the Unicode planes takes long to compile: not at the start
def _runs() -> re.Pattern[str]:
    return re.compile(f"(?P<han>[{_HAN}]+)|(?P<word>[^\\W_{_HAN}]+)|(?P<gap>.)", re.DOTALL)


@cache
def _one_han() -> re.Pattern[str]:
    return re.compile(f"[{_HAN}]")


class Phrase(Struct, frozen=True):
    """Tokens that stand beside each other. :ivar open: the last one may go on."""

    tokens: tuple[str, ...]
    open: bool


class Query(Struct, frozen=True):
    """What a database is asked for.

    :ivar phrases: all of them must occur. :ivar may: tokens of who asks. :ivar shared: those of
        them that a database keeps apart. :ivar plugins: the names of those that are on.
    """

    phrases: list[Phrase]
    may: list[str]
    shared: list[str]
    plugins: list[str]


def normal(text: str) -> str:
    """The form in which texts are compared: full-width letters as plain ones, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def tokens(text: str) -> str:
    """The tokens of a text to be indexed, with spaces between."""
    found: list[str] = []
    for run in _runs().finditer(normal(text)):
        if run["han"]:
            found += [*_pairs(run["han"]), run["han"][-1]]
        elif run["word"]:
            found.append(run["word"])
        elif found and found[-1] != GAP:
            found.append(GAP)
    return " ".join(found)


def phrases(query: str) -> list[Phrase]:
    """The phrases of a query; all of them must match. Empty when it holds nothing to find.

    Terms are divided by spaces. A term is found as it stands (any punctuation for any other); a
    word or number also by its beginning, and a single character wherever it occurs.
    """
    terms = normal(query[:MOST_CHARACTERS]).split()[:MOST_TERMS]
    return [phrase for phrase in map(_phrase, terms) if phrase]


def holds(text: str, wanted: Sequence[Phrase]) -> bool:
    """Whether a text holds all of these phrases, as the index would say."""
    plain = normal(text)
    if not all(_may_hold(plain, phrase) for phrase in wanted):
        return False
    wanted = [phrase for phrase in wanted if not _is_pair(phrase)]
    if not wanted:
        return True
    there = f" {tokens(text)} "
    return all(
        f" {' '.join(phrase.tokens)}{'' if phrase.open else ' '}" in there for phrase in wanted
    )


def _may_hold(plain: str, phrase: Phrase) -> bool:
    """A quick look: no text holds a phrase without holding its first token."""
    return phrase.tokens[0] in plain


def _is_pair(phrase: Phrase) -> bool:
    """Whether it is two characters: wherever a text holds them, they are a token of it."""
    first = phrase.tokens[0]
    return len(phrase.tokens) == 1 and not phrase.open and len(first) == 2 and is_han(first)


@lru_cache(maxsize=8192)
def mark(sort: str, name: str) -> str:
    """The token for a principal or a plugin; a digest, so that no name can be part of another."""
    return "x" + hashlib.sha256(f"{sort} {name}".encode()).hexdigest()[:32]


def marks(sort: str, names: Iterable[str]) -> list[str]:
    """The tokens for several, in an order of their own."""
    return [mark(sort, name) for name in sorted(names)]


def is_han(token: str) -> bool:
    """Whether a token stands for Chinese characters: one of them, or two neighbours."""
    return _one_han().match(token) is not None


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _phrase(term: str) -> Phrase | None:
    runs = [(run.lastgroup, run[0]) for run in _runs().finditer(term)]
    while runs and runs[-1][0] == "gap":
        runs.pop()
    found: list[str] = []
    for kind, run in runs:
        if kind == "han":
            found += [*_pairs(run), run[-1]]
        elif kind == "word":
            found.append(run)
        elif found and found[-1] != GAP:
            found.append(GAP)
    if not found:
        return None
    kind, last = runs[-1]
    if kind == "han" and len(last) > 1:
        # The run may go on in the text: its last character need not stand at an end there.
        return Phrase(tuple(found[:-1]), open=False)
    return Phrase(tuple(found), open=True)
