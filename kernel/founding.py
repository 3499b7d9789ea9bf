"""Founding a node: folders, tables, authorities, units, people, keys, seals, and leaf 0 of the log.

It happens once and as a whole. A file says that it began, another one, written last, that it is
done; what an interrupted founding left is cleared away by the next one.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct, field

from kernel.acts import numbers
from kernel.acts.gate import by_node
from kernel.acts.house import guarding
from kernel.acts.house.genesis import open_node as genesis
from kernel.admitted import older, register
from kernel.crypto import canonical, suites
from kernel.crypto.ids import now, stamp, uuid7
from kernel.errors import Invalid, Unavailable
from kernel.exchange.models import Delivery
from kernel.exchange.terminal import receive
from kernel.identity import credentials, revocation
from kernel.identity.authenticators import Offered, authenticators
from kernel.identity.authority import Authority
from kernel.identity.desk import ServiceDesk
from kernel.identity.models import NodeFact, Person, Post, Unit, UnitGroup, UnitTie
from kernel.node import FOUNDED, close_node, founded, opening, prepare_database
from kernel.plugins.bus import bus
from kernel.reference import Facts, Reference, organ_of
from kernel.seals.custody import Commission, make_seals
from kernel.seals.models import Seal
from kernel.seals.signer_client import Signer, signer
from kernel.settings import Settings
from kernel.storage import instance, log
from kernel.storage.database import close_database, connection, db, open_database, transaction
from kernel.storage.postgresql import clear, masked

BEGUN = "founding.json"
LOCK = "founding.lock"
ADMINISTRATORS = {"system_admin", "security_admin", "audit_admin"}
Progress = Callable[[str], object]


def found(
    settings: Settings,
    reference: Reference,
    *,
    first_keys: Sequence[FirstKey] = (),
    furnish: bool = False,
    progress: Progress = lambda _: None,
) -> None:
    """Make a node of the reference data; nothing happens where there is one already.

    Processes that start together wait for each other.

    :param first_keys: of the three administrators, who give everybody else a key: for real nodes,
        where nobody has a soft one.
    :param furnish: leave documents on the desks, as on a morning at work, and drop in the plugins
        of the reference data: for demonstrations.
    :param progress: told each step before it is done, in Chinese and English.
    :raises Unavailable: ``node.foreign_folder`` when the folder holds data of something else.
    """
    folder = settings.instance
    folder.mkdir(mode=instance.PRIVATE_FOLDER, parents=True, exist_ok=True)
    with instance.file_lock(folder / LOCK, seconds=120):
        if founded(settings):
            return
        _begin(settings)
        if furnish:
            _bring_plugins(folder, reference)
        try:
            node = _found(settings, reference, first_keys, progress)
            if furnish:
                progress("摆放演示公文 Documents on the desks")
                _furnish(settings, reference)
            _finish(settings, node)
        finally:
            close_node()
        (folder / BEGUN).unlink()


def unfound(settings: Settings) -> None:
    """Take what a founding began out of its database server: for nodes that are thrown away.

    A file of SQLite goes with its folder.
    """
    begun = any((settings.instance / name).exists() for name in (BEGUN, FOUNDED))
    if settings.database and begun:
        open_database(settings)
        with connection():
            clear(db.obj)
        close_database()


def _begin(settings: Settings) -> None:
    """Clear what an interrupted founding left, and note what was here before this one."""
    folder = settings.instance
    begun = folder / BEGUN
    noted = json.loads(begun.read_text()) if begun.exists() else {}
    if noted:
        Signer(folder).shutdown()
        _clear(folder, {*noted["before"], LOCK, BEGUN})
    elif (folder / "juyan.db").exists() or any(folder.glob("keys/*")):
        raise Unavailable(
            "node.foreign_folder",
            f"{folder} 里已有别的数据，不能在这里建立节点。请换一个目录，或移走其中的数据。",
            f"{folder} holds other data; a node cannot be founded here. Choose another folder.",
        )
    before = [path.name for path in folder.iterdir() if path.name not in (LOCK, BEGUN)]
    where = masked(settings.database)
    if settings.database:
        _begin_database(settings, ours=noted.get("database") == where)
    begun.write_text(json.dumps({"before": before, "database": where}))


def _begin_database(settings: Settings, *, ours: bool) -> None:
    """The same for a database server: ``ours`` is what an interrupted founding left there."""
    open_database(settings)
    try:
        with connection():
            if ours:
                clear(db.obj)
            if db.get_tables():
                raise Unavailable(
                    "node.foreign_database",
                    f"数据库 {masked(settings.database)} 里已有数据表，不能在这里建立节点。"
                    "请新建一个空的数据库。",
                    f"The database {masked(settings.database)} has tables already; a node cannot "
                    "be founded there. Make an empty one.",
                )
    finally:
        close_database()


def _clear(folder: Path, keep: set[str]) -> None:
    for path in folder.iterdir():
        if path.name in keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _found(
    settings: Settings, reference: Reference, first: Sequence[FirstKey], progress: Progress
) -> str:
    folder = instance.prepare(settings.instance)
    progress("建立数据表 Tables")
    prepare_database(settings)
    progress("建立证书机构 Certificate authorities")
    Authority.create(folder / "keys", reference.name, demo=settings.demo)
    node = uuid7()
    with transaction():
        for name, value in (("uid", node), ("name", reference.name), ("phase", 1)):
            NodeFact.write(name, value)
    close_node()
    with opening(settings):
        seed = _plan(node, reference, first)
        progress(f"配发密钥 Keys of {len(seed.posts)} people")
        _give_keys(seed, settings, first)
        _make_seals(seed, progress)
        progress(f"登记 {len(seed.units)} 个单位，写入第一条日志 Units, and leaf 0 of the log")
        _write(seed, reference, settings)
        revocation.renew(now())
        signer().close_genesis()
        log.integrate()
        log.checkpoint()
    return node


def _bring_plugins(folder: Path, reference: Reference) -> None:
    """Drop the plugins of the reference data into a demonstration, where they are not there yet."""
    for one in sorted((reference.folder / "plugins").glob("*/plugin.toml")):
        if not (there := folder / "plugins" / one.parent.name).exists():
            shutil.copytree(one.parent, there, ignore=shutil.ignore_patterns("__pycache__"))


def _furnish(settings: Settings, reference: Reference) -> None:
    with opening(settings):
        guarding.note_installed()
        list(bus().gather("furnish", reference=reference.folder))
        with connection():
            waiting = list(Delivery.select().where(Delivery.organ.in_(reference.early)))
        for delivery in waiting:
            receive(delivery)
        log.integrate()
        log.checkpoint()


def _finish(settings: Settings, node: str) -> None:
    _write_settings(settings)
    marker = settings.instance / FOUNDED
    scratch = marker.with_suffix(".new")
    scratch.write_text(json.dumps({"founded": stamp(now()), "demo": settings.demo, "node": node}))
    scratch.replace(marker)
    instance.sync_folder(settings.instance)


def _write_settings(settings: Settings) -> None:
    """Note what later commands have to know; what somebody has written there stays."""
    file = settings.instance / "settings.toml"
    written = file.read_text("utf-8") if file.exists() else ""
    known = tomllib.loads(written)
    lines = []
    if settings.demo and not written:
        lines.append("demo = true")
    if settings.database and "database" not in known:
        # TOML's strings are JSON's, as far as a URL goes.
        lines.append(f"database = {json.dumps(settings.database)}")
    if lines:
        instance.private_file(file)
        file.chmod(instance.PRIVATE_FILE)
        file.write_text("\n".join([*lines, written]), "utf-8")


class FirstKey(Struct, frozen=True):
    """The key of one of the three administrators, registered before there was a node.

    :ivar person: the uid under which the key keeps its holder, and that he will have.
    """

    name: str
    person: str
    kind: str
    key: Offered


class _Seed(Struct):
    """The rows to be written, not saved yet."""

    node: str
    units: dict[str, Unit]
    ties: list[UnitTie]
    groups: list[UnitGroup]
    posts: list[Post]
    statements: list[bytes] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)


def _plan(node: str, reference: Reference, first: Sequence[FirstKey]) -> _Seed:
    units = {facts["code"]: _unit(rank, facts) for rank, facts in enumerate(reference.units, 1)}
    posts = [_post(units, facts) for facts in reference.people]
    for one in first:
        _administrator(posts, one.name).uid = one.person
    groups = [
        UnitGroup(**{key: one[key] for key in _GROUP if key in one}) for one in reference.groups
    ]
    return _Seed(node, units, _ties(reference), groups, posts)


def _administrator(posts: Sequence[Post], name: str) -> Person:
    for post in posts:
        if post.person.name == name and ADMINISTRATORS & set(post.roles):
            person: Person = post.person
            return person
    raise Invalid(
        "node.administrator",
        f"“{name}”不是三员之一，不能在建立节点时配发插件。请由两名管理员在门户中配发。",
        f"{name} is none of the three administrators: his key is issued by two of them later.",
    )


def _unit(rank: int, facts: Facts) -> Unit:
    return Unit(
        code=facts["code"],
        name=facts["name"],
        short_name=facts["short_name"],
        kind=facts["kind"],
        level=facts.get("level", ""),
        parent=facts.get("parent", ""),
        organ=organ_of(facts),
        office_of=facts.get("office_of", ""),
        doc_prefix=facts.get("doc_prefix", ""),
        box=facts.get("exchange_box", False),
        access_mode=facts.get("access_mode", "none"),
        rollout=facts.get("rollout_phase", 0),
        aliases=facts.get("aliases", []),
        rank=rank,
    )


def _post(units: dict[str, Unit], facts: Facts) -> Post:
    person = Person(name=facts["name"], pinyin=facts.get("pinyin", ""))
    return Post(
        person=person,
        unit=units[facts["unit"]],
        title=facts["title"],
        roles=facts["roles"],
        rank=facts.get("rank", 100),
    )


def _give_keys(seed: _Seed, settings: Settings, first: Sequence[FirstKey]) -> None:
    """On a demo node everybody has a soft key at once; elsewhere the administrators have theirs.

    All others get one by an act of two administrators.
    """
    soft = authenticators().get("soft") if settings.demo else None
    if soft is not None:
        public = soft.make_keys([uuid7() for _ in seed.posts])
        for post, (uid, key) in zip(seed.posts, public.items(), strict=True):
            said = credentials.statement(
                post.person, soft.kind, suites.load_public(key), node=seed.node, demo=True, uid=uid
            )
            seed.statements.append(said)
    for one in first:
        person = next(post.person for post in seed.posts if post.person.uid == one.person)
        said = credentials.statement(
            person,
            one.kind,
            one.key.public_key,
            node=seed.node,
            demo=settings.demo,
            binding=one.key.binding,
        )
        seed.statements.append(said)


def _make_seals(seed: _Seed, progress: Progress) -> None:
    boxes = [unit for unit in seed.units.values() if unit.box]
    orders = iter([Commission(unit, _keepers(seed, unit)) for unit in boxes])
    for batch in _batches(orders):
        done = len(seed.seals) + len(batch)
        progress(f"制发电子印章 Seals {done}/{len(boxes)}")
        seed.seals += make_seals(batch)


def _batches(orders: Iterator[Commission], size: int = 64) -> Iterator[list[Commission]]:
    while batch := list(islice(orders, size)):
        yield batch


def _keepers(seed: _Seed, unit: Unit) -> tuple[str, ...]:
    return tuple(
        post.person.uid
        for post in seed.posts
        if post.unit.organ == unit.code and "seal_keeper" in post.roles
    )


def _write(seed: _Seed, reference: Reference, settings: Settings) -> None:
    """Everything in one transaction, with the node's own act as the first leaf of the log."""
    year = now().year
    series = [(one["organ"], one["name"], year, one["value"]) for one in reference.series]
    with transaction():
        for row in (*seed.units.values(), *seed.ties, *seed.groups, *seed.seals):
            row.save(force_insert=True)
        for post in seed.posts:
            post.person.save(force_insert=True)
            post.save(force_insert=True)
        done = by_node(
            ServiceDesk(reason="founding"),
            genesis,
            name=reference.name,
            demo=settings.demo,
            administrators=_administrators(seed),
            admitted=_admitted(seed),
            register=register.write(
                list(seed.units.values()),
                *(seed.ties, seed.groups, seed.posts, seed.statements, seed.seals),
                {f"{organ}/{name}/{year}": value for organ, name, year, value in series},
            ),
        )
        for said in seed.statements:
            credentials.issue(said, done.uid)
        for organ, name, year, value in series:
            numbers.open_at(organ, name, year, value)


def _ties(reference: Reference) -> list[UnitTie]:
    return [
        UnitTie(unit=facts["code"], to=to, kind=kind)
        for facts in reference.units
        for kind in ("superior", "guided_by")
        for to in facts.get(kind, [])
    ]


_GROUP = ("name", "aliases", "members", "includes", "note")


def _administrators(seed: _Seed) -> list[str]:
    people = {post.person.uid for post in seed.posts if ADMINISTRATORS & set(post.roles)}
    facts = [canonical.loads(said) for said in seed.statements]
    return [one["credential"] for one in facts if one["person"] in people]


def _admitted(seed: _Seed) -> str:
    """The digest of what was seeded: posts, key statements, seals. It holds no names."""
    posts = [[one.uid, one.person.uid, one.unit.code, one.roles] for one in seed.posts]
    seals = [bytes(seal.statement) for seal in seed.seals]
    return older.digest(list(seed.units), posts, seed.statements, seals)
