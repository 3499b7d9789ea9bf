"""Making up a large office: thousands of people, documents and tasks, for measuring.

They are written in bulk, without acts: what says that they are made up is in
:mod:`kernel.acts.generated`. Parts are written in transactions of their own; an interrupted
generation goes on where it stopped when it is asked for again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from kernel.acts import generated
from kernel.acts.gate import by_node
from kernel.acts.generated import Generation, Place, Workplace
from kernel.acts.house.generating import FACT, generate, require_demo
from kernel.crypto.ids import now, parse_stamp, stamp
from kernel.errors import Conflict, Invalid
from kernel.identity.desk import ServiceDesk
from kernel.identity.models import NodeFact, Person, Post, Unit
from kernel.plugins.bus import bus
from kernel.portal.pinyin import spelled
from kernel.settings import REFERENCE
from kernel.storage import log, search
from kernel.storage.bulk import insert_tuples
from kernel.storage.database import connection, transaction

NAMES = REFERENCE / "generated" / "names.json"
PART = 1000
"""How many documents a transaction holds; others who write wait no longer than for these."""
HEAVY = 0.15
"""The share of all work that the first organ has, which issues most."""
Progress = Callable[[int], object]


class Amount(Struct, frozen=True):
    """What to make up. :ivar seed: the same number gives the same rows."""

    people: int = 10_000
    documents: int = 100_000
    tasks: int = 1_000_000
    seed: int = 1


def make_up(amount: Amount, progress: Progress = lambda count: None) -> dict[str, Any]:
    """Fill the open node; gives what it holds then, with the uid of the act that says so.

    :param progress: told how many more documents are written.
    :raises Invalid: ``generate.amount``. :raises Refused: ``generate.not_demo``.
    :raises Conflict: ``generate.again``: the node was filled before, or with other numbers.
    """
    _check(amount)
    state = _begin(amount)
    if not state["placed"]:
        with transaction():
            _people(amount)
            NodeFact.write(FACT, state | {"placed": True})
        state["placed"] = True
    workplaces, areas = _workplaces()
    for first in range(state["done"], amount.documents, PART):
        count = min(PART, amount.documents - first)
        part = Generation(
            amount.seed, first, count, amount.documents, amount.tasks,
            parse_stamp(state["until"]), workplaces, areas,
        )  # fmt: skip
        with transaction():
            for one in bus().answering("generate"):
                bus().tell("generate", one.plugin_name, part=part)
            NodeFact.write(FACT, state | {"done": first + count})
        progress(count)
    log.integrate()
    log.checkpoint()
    search.tidy()
    with connection():
        return dict(NodeFact.read(FACT))


def _check(amount: Amount) -> None:
    fields = asdict(amount)
    wrong = next((name for name, value in fields.items() if value < 0), "")
    if not wrong and amount.tasks and not amount.documents:
        wrong = "documents"
    if wrong:
        raise Invalid(
            "generate.amount",
            f"数量不对：{wrong}。请填写不小于零的整数；有任务时公文不能为零，因为任务都属于公文。",
            f"{wrong} is no number to generate: give whole numbers from 0 on; tasks need documents "
            "that they belong to.",
            field=wrong,
        )


def _begin(amount: Amount) -> dict[str, Any]:
    """Say it in the log, or find where an interrupted generation of these numbers stopped."""
    with connection():
        require_demo()
        state: dict[str, Any] | None = NodeFact.read(FACT)
    asked = asdict(amount)
    if state is None or (state["placed"] and state["done"] >= state["documents"]):
        with transaction():
            by_node(ServiceDesk(reason="generate"), generate, **asked, until=stamp(now()))
        with connection():
            return dict(NodeFact.read(FACT))
    if {name: state[name] for name in asked} != asked:
        before = " ".join(f"--{name} {state[name]}" for name in asked)
        raise Conflict(
            "generate.other",
            f"上次生成没有完成，参数与这次不同。请用原来的参数继续：{before}；或另选一个空目录。",
            f"A generation with other numbers was interrupted. Go on with its own: {before}; or "
            "name an empty folder.",
        )
    return state


def _people(amount: Amount) -> None:
    """People in all units, on posts of their own; they hold no keys, so nobody acts as one."""
    chance = Random(f"{amount.seed} people")  # noqa: S311  # nothing is kept secret by it
    words = json.loads(NAMES.read_text("utf-8"))
    units = [row for row in Unit.ranked() if row.box or not row.is_organ]
    people, posts = [], []
    moment = stamp(now())
    for number in range(amount.people):
        unit = units[number % len(units)]
        place = number // len(units)
        name = chance.choice(words["surnames"]) + chance.choice(words["given_first"])
        if chance.random() < 0.75:
            name += chance.choice(words["given_second"])
        title, roles = _title(words, place, chance)
        uid = generated.uid(amount.seed, generated.PERSON, number)
        people.append((uid, name, spelled(name), "", "", True, moment))
        posts.append(
            (generated.uid(amount.seed, generated.POST, number), uid, unit.id, title, roles, place)
        )
    names = ("uid", "name", "pinyin", "language", "text_size", "active", "created")
    insert_tuples(Person, names, people)
    found: Any = Person.select(Person.uid, Person.id).where(_made(Person))
    ids: dict[str, int] = dict(found.tuples())
    insert_tuples(
        Post,
        ("uid", "person", "unit", "title", "roles", "rank", "active"),
        [
            (uid, ids[person], unit, title, json.dumps(roles), 200 + place, True)
            for uid, person, unit, title, roles, place in posts
        ],
    )


def _made(model: Any) -> Any:
    return generated.is_generated(model.uid)


def _title(words: dict[str, Any], place: int, chance: Random) -> tuple[str, list[str]]:
    """The title of the post and its roles: one head for each eight, else those who draft."""
    head = place % 8 == 0
    title = chance.choice(words["head_titles"] if head else words["titles"])
    return f"{title}（{generated.MARK}）", ["section_head"] if head else ["drafter"]


def _workplaces() -> tuple[list[Workplace], list[str]]:
    """The organs that issue documents, with their posts: those of the demonstration come first."""
    with connection():
        units = list(Unit.ranked())
        rows: Any = (
            Post.select(
                Post.uid, Person.uid, Person.name, Post.title, Unit.code, Unit.short_name,
                Unit.organ,
            )
            .join(Person).switch(Post).join(Unit).where(Post.active)
            .order_by(Post.rank, Post.id).tuples()
        )  # fmt: skip
        places: dict[str, list[Place]] = defaultdict(list)
        for *facts, organ in rows:
            places[organ].append(Place(*facts))
    issuing = [one for one in units if one.is_organ and one.box and places[one.code]]
    issuing = [one for one in issuing if one.doc_prefix] or issuing
    # The office of the party committee issues most; then it falls off, as with real offices.
    issuing.sort(key=lambda one: (one.kind != "office_party", one.rank))
    shares = [HEAVY if at == 0 else 1 / (at + 8) for at in range(len(issuing))]
    rest = sum(shares[1:]) or 1.0
    found = [
        Workplace(
            one.code, one.name, one.short_name, one.doc_prefix, tuple(places[one.code]),
            share if at == 0 else share * (1 - HEAVY) / rest,
        )
        for at, (one, share) in enumerate(zip(issuing, shares, strict=True))
    ]  # fmt: skip
    return found, [one.short_name for one in units if one.kind != "section"]
