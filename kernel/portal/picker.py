"""The picker: units, groups or people out of a tree.

A large tree is drawn as its branches with what is chosen in them; the rest of a branch comes when
somebody opens it or searches. A script asks the page for it (``?picker=FIELD&branch=LABEL`` with
``HX-Request``, answered by ``Ctx.render``); without one, a button sends the form and the page comes
back as it was typed, with that branch whole. Pages have nothing to do for either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wtforms
from msgspec import Struct
from wtforms.validators import ValidationError

from kernel.portal.fields import Bound, Label, said
from kernel.portal.i18n import _l
from kernel.portal.pinyin import spelled

UNFOLD = "unfold"
"""The button that asks for the whole of a branch: its value is ``FIELD/LABEL``."""
WHOLE = 60
"""A tree of so many leaves is drawn at once, as is an open branch of so many in a larger tree."""


class Leaf(Struct, frozen=True):
    """One thing to choose in the picker."""

    value: str
    label: str
    hint: str = ""
    """Short name, other names: found by the search box, not shown."""

    @property
    def words(self) -> str:
        """What the search box looks in besides the label: other names, initials and spelling."""
        names = [str(self.label), *self.hint.split()]
        return " ".join([self.hint, *dict.fromkeys(spelled(name) for name in names)]).strip()


class Branch(Struct, frozen=True):
    """A group in the picker, with things to choose and groups below it.

    A branch with a ``value`` can be chosen as a whole (各县（区）委 as one recipient).
    """

    label: str
    leaves: tuple[Leaf, ...] = ()
    branches: tuple[Branch, ...] = ()
    value: str = ""
    open: bool = False
    whole: bool = True
    """Whether ticking all its leaves at once makes sense; not for groups that overlap."""

    def values(self) -> list[str]:
        """Everything that can be chosen in it and below it, in its order."""
        found = [self.value] if self.value else []
        found += [leaf.value for leaf in self.leaves]
        for branch in self.branches:
            found += branch.values()
        return found

    def count(self) -> int:
        """How many leaves it has, with those below it."""
        return len(self.leaves) + sum(branch.count() for branch in self.branches)

    def chosen(self, values: list[str]) -> int:
        """How many of *values* are in it: an open branch shows what is chosen."""
        return len(set(self.values()) & set(values))


def leaves(tree: Sequence[Branch]) -> list[Leaf]:
    """Everything in the tree that can be chosen, in its order; whole branches as leaves."""
    found: list[Leaf] = []
    for branch in tree:
        found += [Leaf(branch.value, branch.label)] if branch.value else []
        found += [*branch.leaves, *leaves(branch.branches)]
    return found


class Units(wtforms.Field):
    """Units, groups or people out of a tree; ``data`` is the list of chosen values in tree order.

    The page puts the tree in before it validates: ``form.main.tree = [...]``.

    :param ordered: let people move what they chose up and down. As long as nobody did, it stands in
        tree order, which is that of rank; afterwards what is chosen later comes last.
    """

    look = "units"

    def __init__(
        self,
        label: Label,
        *,
        required: bool = False,
        most: int = 2000,
        hint: Label = "",
        ordered: bool = False,
        **kw: Bound,
    ) -> None:
        super().__init__(said(label), description=said(hint), **kw)
        self.ordered = ordered
        self.must = required
        self.most = most
        self.tree: Sequence[Branch] = ()
        self.data: list[str]
        self.unfolded: frozenset[str] = frozenset()

    @property
    def chosen(self) -> list[str]:
        """The chosen values."""
        return list(self.data or [])

    @property
    def places(self) -> list[tuple[str, str]]:
        """Value and name of what is chosen, in its order."""
        names = {leaf.value: str(leaf.label) for leaf in leaves(self.tree)}
        known = self.chosen if self.ordered else names
        return [(value, names[value]) for value in known if value in names and value in self.chosen]

    def labels(self) -> list[str]:
        """The names of what is chosen, in its order."""
        return [name for _value, name in self.places]

    def process(self, formdata: Any, *rest: Any, **more: Any) -> None:
        """Take the values, in which order they stood, and which branch is wanted whole."""
        super().process(formdata, *rest, **more)
        asked = [str(one) for one in formdata.getlist(UNFOLD)] if formdata else []
        own = f"{self.name}/"
        self.unfolded = frozenset(one[len(own) :] for one in asked if one.startswith(own))
        self._before: list[str] = []
        self._move = ""
        if self.ordered and formdata:
            self._before = str(formdata.get(f"{self.name}-order") or "").split(",")
            self._move = str(formdata.get(f"{self.name}-move") or "")

    def _in_order(self, known: list[str]) -> list[str]:
        place = {value: index for index, value in enumerate(known)}
        by_rank = sorted(self.chosen, key=place.__getitem__)
        before = list(dict.fromkeys(value for value in self._before if value in self.chosen))
        if before == [value for value in by_rank if value in before]:
            found = by_rank
        else:
            found = [*before, *(value for value in by_rank if value not in before)]
        where, _colon, value = self._move.partition(":")
        if value in found and where in ("up", "down"):
            here = found.index(value)
            found.insert(max(here + (1 if where == "down" else -1), 0), found.pop(here))
        return found

    def shows(self, branch: Branch) -> bool:
        """Whether a branch of the tree is drawn with all its leaves."""
        if branch.label in self.unfolded or sum(one.count() for one in self.tree) <= WHOLE:
            return True
        return branch.open and branch.count() <= WHOLE

    def kept(self, branch: Branch) -> list[Leaf]:
        """What is chosen in a branch, and must stay chosen while the rest of it is not drawn."""
        there = [*branch.leaves, *leaves(branch.branches)]
        return [leaf for leaf in there if leaf.value in self.chosen]

    def branches(self, label: str = "") -> list[Branch]:
        """The branches of this label, or all of them; those at the root of the tree."""
        return [branch for branch in self.tree if label in ("", branch.label)]

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take each value once."""
        self.data = list(dict.fromkeys(str(value) for value in valuelist if value))

    def pre_validate(self, form: object) -> None:
        """Known, some where required, and not more than allowed; then in order."""
        label = self.label.text
        known = [leaf.value for leaf in leaves(self.tree)]
        unknown = [value for value in self.chosen if value not in known]
        if unknown:
            names = "、".join(unknown[:5])
            raise ValidationError(
                said(_l("%(label)s里有不认识的单位：%(names)s。", label=label, names=names))
            )
        if self.must and not self.chosen:
            raise ValidationError(said(_l("%(label)s至少选择一个。", label=label)))
        if len(self.chosen) > self.most:
            raise ValidationError(
                said(_l("%(label)s最多选择 %(most)s 个。", label=label, most=self.most))
            )
        self.data = self._in_order(known)
