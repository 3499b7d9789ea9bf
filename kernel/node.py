"""The node: opens all rooms in order, loads the plugins, and closes everything again.

>>> with open_node(settings) as node:
...     app = node.app()
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from starlette.applications import Starlette

from kernel.acts import hold, house, notices, numbers
from kernel.acts.granted import is_granted
from kernel.acts.house import guarding
from kernel.acts.models import Proposal
from kernel.acts.outbox import Handler, Handlers, handlers
from kernel.acts.subjects import Kinds, Subject, kinds
from kernel.acts.verbs import Verbs, verbs
from kernel.crypto.ids import now
from kernel.damaged import refused_if_damaged
from kernel.errors import Unavailable
from kernel.exchange import room as exchange_room
from kernel.exchange.kinds import ExchangeKinds, exchange_kinds
from kernel.exchange.models import Delivery, Package
from kernel.identity.authenticators import Authenticators, authenticators
from kernel.identity.authority import Authority, authority
from kernel.identity.delegations import granted
from kernel.identity.epoch import log_origin
from kernel.identity.models import NodeFact
from kernel.identity.rights import Level, Rights, rights
from kernel.plugins.bus import Bus, bus
from kernel.plugins.loading import collect, load_all
from kernel.plugins.switches import Switchboard, switchboard
from kernel.portal.app import build_app, names_of, pages_of, register
from kernel.portal.compiled import compiled
from kernel.portal.ctx import renderer
from kernel.portal.ctx import settings as settings_slot
from kernel.portal.i18n import use_folders
from kernel.portal.render import Renderer
from kernel.portal.routing import PageRoute
from kernel.portal.topics import Topics, topics
from kernel.portal.urls import urls
from kernel.seals import resuming, revoking
from kernel.seals.models import Seal
from kernel.seals.signer_client import Signer, signer
from kernel.settings import ROOT, Settings
from kernel.storage import log_check, remembered, search
from kernel.storage.blobs import open_blobs
from kernel.storage.comparing import ReconcilerIn
from kernel.storage.database import close_database, connection, db, open_database
from kernel.storage.log import open_log_key
from kernel.storage.migrations import Applied, Far, MigrationSet, migrate, pending
from kernel.storage.notes import Notebook, notebook
from kernel.storage.postgresql import masked
from kernel.work.schedules import Job, Schedules, schedules
from kernel.work.workshop import Workshop, workshop

_log = logging.getLogger("juyan.node")
KERNEL = ROOT / "kernel"
ROOMS = {
    "storage": KERNEL / "storage" / "tables",
    "work": KERNEL / "work" / "tables",
    "identity": KERNEL / "identity" / "tables",
    "plugins": KERNEL / "plugins" / "tables",
    "acts": KERNEL / "acts" / "tables",
    "seals": KERNEL / "seals" / "tables",
    "exchange": KERNEL / "exchange" / "tables",
}
"""The rooms that have tables, with their migrations."""
RECONCILERS = (
    *("acts.hold", "acts.ledger", "acts.numbering", "acts.standing", "exchange.ledger"),
    *("acts.house.ledger", "acts.house.generating", "admitted.reconciling", "acts.notice_rows"),
    *("acts.people", "acts.house.entered", "acts.house.key_rows", "acts.house.key_slots"),
    *("acts.house.node_facts", "seals.ledger"),
)
"""The modules that hold the kernel's own rows against the log."""
FOUNDED = "founded.json"
"""The file in the instance folder that the founding writes last."""


class Node(Struct):
    """An open node."""

    settings: Settings
    routes: dict[str, list[PageRoute]] = field(default_factory=dict)
    commands: list[Callable[..., Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        """The web application of this node."""
        return build_app(self.routes)


def places(settings: Settings) -> list[Path]:
    """Where plugins are looked for."""
    return [ROOT / "plugins", settings.instance / "plugins"]


def migration_sets(board: Switchboard) -> list[MigrationSet]:
    """The migrations of all rooms and of all plugins that have tables."""
    sets = [MigrationSet(name, folder) for name, folder in ROOMS.items()]
    for one in board.known():
        if (one.folder / "migrations").is_dir():
            sets.append(MigrationSet(one.name, one.folder / "migrations"))
    return sets


def founded(settings: Settings) -> bool:
    """Whether there is a node in the instance folder, founded to the end."""
    return (settings.instance / FOUNDED).is_file()


def require_founded(settings: Settings) -> None:
    """Refuse with ``node.not_founded`` where there is none."""
    if not founded(settings):
        raise Unavailable(
            "node.not_founded",
            f"{settings.instance} 里还没有节点。请先运行：python3 manage.py demo",
            f"There is no node in {settings.instance} yet. Run first: python3 manage.py demo",
        )


def prepare_database(
    settings: Settings,
    progress: Callable[[Applied], object] | None = None,
    far: Far = lambda *_: None,
) -> list[Applied]:
    """Open the database and bring its tables up to date, under the migration lock.

    :param progress, far: told of each step, and how far a long one has come; see :func:`migrate`.
    """
    with refused_if_damaged(settings):
        open_database(settings)
        _refuse_other(settings)
        board = _load_plugins(settings)
        pending(migration_sets(board))  # so that a history that cannot be read is found here
    return migrate(migration_sets(board), progress, far)


@contextmanager
def open_node(settings: Settings) -> Iterator[Node]:
    """Open the node of an instance folder for this process.

    :raises Unavailable: ``node.not_founded``, ``node.pending`` when tables are out of date, or
        ``storage.damaged`` when the database cannot be read.
    """
    require_founded(settings)
    with opening(settings) as node:
        with refused_if_damaged(settings):
            guarding.note_installed()
        yield node


@contextmanager
def opening(settings: Settings) -> Iterator[Node]:
    """:func:`open_node` for a node that is still being founded."""
    node = Node(settings)
    try:
        with refused_if_damaged(settings):
            open_database(settings)
            _refuse_other(settings)
            board = _load_plugins(settings)
            _refuse_pending(board)
            _look_at_triggers()
            _fill(node, board)
        yield node
    finally:
        close_node()


def _refuse_other(settings: Settings) -> None:
    """A folder and a database belong together; a setting may name the wrong one."""
    if not founded(settings):
        return
    expected = json.loads((settings.instance / FOUNDED).read_text("utf-8")).get("node")
    with connection():
        there = NodeFact._meta.table_name in db.get_tables()
        uid = NodeFact.read("uid") if there else None
    if uid is None or uid != (expected or uid):
        where = masked(settings.database) or str(settings.database_path)
        raise Unavailable(
            "node.other_database",
            f"数据库 {where} 不是本节点（{settings.instance}）的，请改正 database 设置项。",
            f"The database {where} is not that of this node, {settings.instance}; correct the "
            "setting `database`.",
        )


def _load_plugins(settings: Settings) -> Switchboard:
    bus.fill(Bus())
    return switchboard.fill(load_all(places(settings), demo=settings.demo))


def _look_at_triggers() -> None:
    with connection():
        missing = remembered.look_at_triggers()
    if missing:
        _log.error("storage.unwatched", extra={"said": {"tables": missing}})


def _refuse_pending(board: Switchboard) -> None:
    late = pending(migration_sets(board))
    for name in [name for name in late if name in board.manifests]:
        board.isolate(name, "its tables are out of date: run `manage.py migrate`")
    late = {name: scripts for name, scripts in late.items() if name in ROOMS}
    if late:
        names = ", ".join(late)
        raise Unavailable(
            "node.pending",
            f"数据库需要升级（{names}）。请先备份，再运行：python3 manage.py migrate",
            f"The database has to be upgraded ({names}). Back it up, then run: manage.py migrate",
        )
    _refuse_faulty(board)


def _refuse_faulty(board: Switchboard) -> None:
    """Refuse to open while a required plugin is not healthy."""
    required = [one.name for one in board.known() if one.required and not board.healthy(one.name)]
    if required:
        why = "; ".join(f"{name}: {board.faults.get(name)}" for name in required)
        raise Unavailable(
            "node.required",
            f"必备插件故障，不能启动：{why}。请改正插件或重新安装本程序后再启动；数据没有改动。",
            f"A required plugin is not healthy: {why}. Mend it, or install "
            "this program again, and start anew; no data was changed.",
        )


def _fill(node: Node, board: Switchboard) -> None:
    settings = node.settings
    settings_slot.fill(settings)
    open_blobs(settings.instance)
    key = open_log_key(settings.instance, log_origin)
    notebook.fill(Notebook(settings.notes, key.public, numbers.marks))
    hold.look()
    for module in RECONCILERS:
        log_check.add_reconciler(ReconcilerIn(f"kernel.{module}"))
    authority.fill(Authority(settings.instance / "keys"))
    signer.fill(Signer(settings.instance))
    workshop.fill(Workshop())
    _fill_registers(board)
    node.routes = _routes(board)
    urls.fill(names_of(node.routes))
    compiled.keep_in(settings.instance / "run" / "templates")
    _fill_renderer(board, settings.instance / "themes")
    folders = {name: one.folder for name, one in board.manifests.items() if board.healthy(name)}
    topics.fill(Topics(folders, {path: page.level for path, page in register(node.routes)}))


def _fill_registers(board: Switchboard) -> None:
    own_kinds: list[type[Subject]] = [Proposal, Package, Delivery, Seal]
    own_levels = [*house.LEVELS, *exchange_room.LEVELS]
    own_verbs = [*house.VERBS, *revoking.VERBS, *resuming.VERBS, *exchange_room.VERBS]
    verbs.fill(Verbs([*own_verbs, *collect(board, "register_verbs")]))
    kinds.fill(Kinds([*own_kinds, *collect(board, "register_subjects")]))
    levels: list[Level] = [*own_levels, *collect(board, "register_levels")]
    rights.fill(Rights(levels))
    granted.fill(is_granted)
    exchange_kinds.fill(ExchangeKinds(collect(board, "register_kinds")))
    authenticators.fill(Authenticators(collect(board, "register_authenticators")))
    work: dict[str, Handler] = {**exchange_room.HANDLERS, notices.HANDLER: notices.notify}
    for answer in collect(board, "register_handlers", whole=True):
        work |= answer
    handlers.fill(Handlers(work, settings_slot().instance))
    for reconcile in collect(board, "register_reconcilers"):
        log_check.add_reconciler(reconcile)
    for fault in bus().faults:
        board.isolate(fault.plugin, fault.error)
    _refuse_faulty(board)
    own_jobs = [*revoking.JOBS, *exchange_room.JOBS, *notices.JOBS]
    schedules.fill(Schedules([*own_jobs, Job("search.tidy", timedelta(days=1), search.tidy)]))


def _routes(board: Switchboard) -> dict[str, list[PageRoute]]:
    answers = dict(bus().gather("register_routes"))
    checked: dict[str, list[PageRoute]] = {}
    for name, routes in answers.items():
        try:
            checked |= pages_of({name: routes})
        except ValueError as error:
            board.isolate(name, str(error))
    return checked


def _fill_renderer(board: Switchboard, themes: Path) -> None:
    healthy = [one for one in board.known() if board.healthy(one.name)]
    use_folders({one.name: one.folder / "locale" for one in healthy})
    renderer.fill(
        Renderer(
            [],
            {one.name: one.folder / "templates" for one in healthy},
            urls=urls(),
            statics={one.name: one.folder / "static" for one in healthy},
            now=now,
            own=themes,
        )
    )


def close_node() -> None:
    """Close what :func:`open_node` opened; the signer goes on for other processes."""
    if workshop.filled:
        workshop().close()
        workshop.clear()
    log_check.forget_reconcilers()
    notebook.clear()
    close_database()
