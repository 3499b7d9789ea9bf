"""For each column that docs/columns.toml lists as compared: rows in which an attacker changes it.

To another value that the column might hold: one that stands in another row of it where there is
such a one, else an altered one. And a row that is gone, and one that was copied, for each table of
which something is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import peewee

from kernel.acts.subjects import Subject
from kernel.storage import log_check
from kernel.storage.database import JSONField, Model, UTCField, db, on_postgresql, savepoint
from tests.house import columns

Row = dict[str, Any]
"""A row by the names of its columns; names with an underscore before them say more of it."""
Wanted = Callable[[Row], Any]
DAY = timedelta(days=1)
PLACES: dict[str, tuple[str, ...]] = {
    "acts_act": ("act {uid}",),
    "acts_notice": ("notice {uid}",),
    "acts_number": ("number {number}", "series {series}", "{kind} {subject}"),
    "acts_opinion": ("opinion {uid}", "act {act}"),
    "acts_private": ("text {name} of act {act}", "act {act}"),
    "acts_proposal": ("proposal {uid}", "acts.proposal {uid}", "act {act}"),
    "acts_series": ("series {organ}/{name}/{year}", "number {organ}/{name}/{year}/", "{holder}"),
    "acts_task": ("task {uid} on {kind} {subject}", "{kind} {subject}"),
    "announcements_announcement": (
        "announcements.announcement {uid}",
        "announcements.announcement of {organ}",
    ),
    "contacts_card": ("card of post {post}",),
    "documents_document": ("documents.document {uid}",),
    "documents_incoming": ("documents.incoming {uid}", "delivery {delivery}"),
    "documents_version": (
        "version {number} of {document}",
        "act {act}",
        "documents.document {document}",
    ),
    "exchange_delivery": (
        "delivery {uid}",
        "exchange.delivery {uid}",
        "delivery {package_id} to {organ}",
    ),
    "exchange_evidence": ("evidence {uid}",),
    "exchange_package": ("package {uid}", "exchange.package {uid}"),
    "exchange_rejection": ("rejection {uid}", "evidence {uid}"),
    "feedback_remark": ("feedback.remark {uid}", "feedback.remark of {organ}"),
    "identity_credential": ("key {uid}", "key of act {act}"),
    "identity_delegation": ("delegation {uid}", "delegation of act {act}"),
    "identity_enrolment": ("enrolment {uid}", "enrolment of act {act}"),
    "identity_grant": ("grant {uid}", "grant of act {act}"),
    "identity_look": ("look {organ}",),
    "identity_node_fact": ("node fact {key}",),
    "identity_person": ("person {uid}",),
    "identity_post": ("post {uid}",),
    "identity_revocation_list": ("list {number} of {authority}", "list of {authority}"),
    "identity_revoked_certificate": ("certificate {serial}", "certificate of act {act}"),
    "identity_unit": ("unit {code}",),
    "identity_unit_group": ("group {name}",),
    "identity_unit_tie": ("tie {unit} > {to} ({kind})",),
    "log_checkpoint": ("checkpoint {size}", "checkpoints"),
    "log_leaf": ("leaf {position}", "waiting leaf {id}"),
    "log_node": ("node {level}/{position}", "leaf {position}"),
    "plugins_activation": ("switch of {plugin} for {organ}",),
    "plugins_guard": ("guard {name}",),
    "seals_seal": ("seal {uid}",),
    "work_day": ("day {day}",),
    "workflow_flow": ("flow {key} {version}",),
    "workflow_move": ("step {step} of {run}", "step {next} of {run}", "workflow of {run}"),
    "workflow_run": ("workflow of {kind} {subject}", "step draft of {kind} {subject}"),
}
"""By which places ``log verify`` names a row of a table."""


TYPED = (
    *("title", "main", "main_text", "cc", "body", "attachment_note", "attachments", "annotation"),
    "urgency",
)
NOT_SIGNED = "of a draft that was never submitted no act says it"
A_NAME = "a name of the row, which nothing refers to before an act is done on it"
WHICH: dict[str, tuple[Wanted, str]] = {
    "acts_act": (lambda row: row["id"] > 1, "the founding itself is in test_founded_rows.py"),
    "acts_private": (lambda row: row["name"] != "register", "that, too"),
    "acts_proposal.level": (lambda row: row["state"] == "open", "of settled ones it is shown only"),
    "acts_proposal.title": (lambda row: row["state"] == "open", "of settled ones it is shown only"),
    "acts_task": (lambda row: row["done"] is None, "done ones only list what one has handled"),
    "announcements_announcement.uid": (lambda row: row["state"] == "withdrawn", A_NAME),
    **{
        f"documents_document.{name}": (
            lambda row: row["state"] not in ("draft", "discarded"),
            "at the drafter's desk it may be changed again, and nothing is signed of that",
        )
        for name in TYPED
    },
    **{
        f"documents_document.{name}": (lambda row: row["_acts"], NOT_SIGNED)
        for name in ("uid", "organ", "unit", "drafter", "drafter_post")
    },
    **{
        f"workflow_run.{name}": (lambda row: row["_moves"], NOT_SIGNED)
        for name in ("organ", "unit", "starter", "since")
    },
    "log_node.": (
        lambda row: row["level"] == 0,
        "one that is put in above the leaves that there are is not looked for",
    ),
    "workflow_move.received": (
        lambda row: row["step"] != "draft",
        "when somebody began to write is not signed",
    ),
    "exchange_delivery.uid": (lambda row: row["_acts"], A_NAME),
    "exchange_evidence.act": (
        lambda row: row["type"] not in ("X7", "C3"),
        "of a reminder, and of what is late, it only tells them apart",
    ),
    **{
        f"exchange_package.{name}": (lambda row: row["dispatch_act"], "nobody signs a mere plan")
        for name in ("", "subject_kind", "subject", "sent", "dispatch_act", "pkg_digest")
    },
    "identity_enrolment.uid": (lambda row: row["state"] == "cancelled", A_NAME),
    "feedback_remark.uid": (lambda row: row["state"] == "answered", A_NAME),
    "identity_delegation.uid": (lambda row: row["ended"] is not None, A_NAME),
    "identity_node_fact.value": (
        lambda row: row["key"] != "notices.due",
        "how far notices have come is not signed",
    ),
}
"""The rows of which a column (or all of a table, or with a dot at its end, what is taken out of it
and put into it) is compared where not all are, and why."""
LET_GO = {"acts_notice"}
"""Rows that go by themselves after a while, so that one that is gone is not named."""
LOWER = {"version"}
"""A newer version only lets forms be refused: drafts raise it without a leaf, so that it is an
older one that is named, where an act was done on the row. By one it may be older where the last act
may have come too late and changed nothing."""


@dataclass(frozen=True)
class Change:
    """What an attacker does to one row of a table. :ivar places: one of these has to be named."""

    name: str
    table: str
    places: frozenset[str]
    do: Callable[[], object]

    def is_named(self, found: dict[str, str]) -> bool:
        """Whether one of the places is among those of a report."""
        return any(where.startswith(place) for where in found for place in self.places)

    def meets(self, other: Change) -> bool:
        """Whether both are named by the same place, so that they cannot be told apart."""
        pairs = ((mine, theirs) for mine in self.places for theirs in other.places)
        return any(one.startswith(two) or two.startswith(one) for one, two in pairs)


def models() -> dict[str, type[Model]]:
    """The model of each table."""
    found: dict[str, type[Model]] = {}
    waiting: list[Any] = [Model]
    while waiting:
        waiting += (one := waiting.pop()).__subclasses__()
        found[one._meta.table_name] = one
    return found


def compared() -> dict[str, list[str]]:
    """The tables and columns that the list says are compared."""
    no = (columns.NO, columns.NOT_YET)
    found = {
        table: [name for name, said in listed.items() if not said.startswith(no)]
        for table, listed in columns.listed().items()
    }
    return {table: names for table, names in found.items() if names}


class Table:
    """One table with its rows as they are now."""

    def __init__(self, name: str) -> None:
        self.name, self.model = name, models()[name]
        meta: Any = self.model._meta
        self.fields = {one.column_name: one for one in meta.sorted_fields}
        self.keys = [one.column_name for one in meta.get_primary_keys()]
        rows = self.model.select(*meta.sorted_fields).order_by(*meta.get_primary_keys()).tuples()
        self.rows: list[Row] = [dict(zip(self.fields, row, strict=True)) for row in rows]
        self.unique = [{one.column_name} for one in meta.sorted_fields if one.unique]
        self.unique += [
            {meta.fields[one].column_name for one in names}
            for names, unique in (one for one in meta.indexes if isinstance(one, tuple))
            if unique
        ]
        if self.keys != ["id"]:
            self.unique.append({*self.keys})
        for row in self.rows:
            row |= self._more(row)

    def _more(self, row: Row) -> Row:
        """What names a row and does not stand in it, and whether anything was done with it."""
        known: Any = models()
        more: Row = {}
        if issubclass(self.model, Subject):
            act = known["acts_act"]
            more["_acts"] = act.select().where(act.subject == row["uid"]).exists()
        if self.name == "workflow_run":
            more["_moves"] = (
                known["workflow_move"]
                .select()
                .where(known["workflow_move"].run == row["id"])
                .exists()
            )
        if self.name == "acts_series":
            one = known["acts_number"].get_or_none(series=row["id"])
            more["holder"] = f"{one.kind} {one.subject}" if one else ""
        if self.name == "acts_number":
            series = known["acts_series"].get_or_none(id=row["series_id"])
            name = f"{series.organ}/{series.name}/{series.year}" if series else ""
            more |= {"series": name, "number": f"{name}/{row['value']}"}
        if self.name == "workflow_move":
            run = known["workflow_run"].get_or_none(id=row["run_id"])
            more["run"] = f"{run.kind} {run.subject}" if run else ""
            after = self.model.select().where(self.fields["run_id"] == row["run_id"])
            later = after.where(self.fields["id"] > row["id"]).order_by(self.fields["id"]).first()
            more["next"] = later.step if later else row["step"]
        return more

    def places(self, row: Row, **other: Any) -> set[str]:
        """By what a row is named; ``other``: what some of its columns are changed to."""
        changed = row | other
        facts = changed | (self._more(changed) if other else {})
        return {place for one in PLACES[self.name] if (place := one.format(**facts))}

    def chosen(self, column: str, turn: int, most: int) -> list[Row]:
        """So many rows that hold something in a column, spread over the table."""
        always = (lambda row: True, "")
        wanted, _ = WHICH.get(f"{self.name}.{column}", WHICH.get(self.name, always))
        rows = [row for row in self.rows if wanted(row)]
        if column in LOWER:
            rows = [row for row in rows if row.get("_acts", True)]
        step = max(1, len(rows) // most)
        some = [rows[(turn + at * step) % len(rows)] for at in range(min(most, len(rows)))]
        return some

    def set(self, row: Row, column: str, value: Any) -> None:
        """Change a column of one row."""
        self.model.update({self.fields[column]: value}).where(self._is(row)).execute()

    def remove(self, row: Row) -> None:
        """Take one row out."""
        self.model.delete().where(self._is(row)).execute()

    def put(self, row: Row) -> None:
        """Put one in."""
        values = {field: row[name] for name, field in self.fields.items() if name in row}
        self.model.insert(values).execute()

    def copy(self, row: Row) -> Row:
        """The same row under other names, where there can be one of each only."""
        made = {name: value for name, value in row.items() if name in self.fields and name != "id"}
        for names in self.unique:
            if any(made[name] != row[name] for name in names if name in made):
                continue
            plain = [
                one for one in names if not isinstance(self.fields[one], peewee.ForeignKeyField)
            ]
            name = max(plain)
            whole = isinstance(self.fields[name], peewee.IntegerField)
            values = [one[name] for one in self.rows if one[name] is not None]
            made[name] = max(values, default=0) + 1 if whole else f"{row[name]}x"
        return made

    def _is(self, row: Row) -> Any:
        found = self.fields[self.keys[0]] == row[self.keys[0]]
        for key in self.keys[1:]:
            found &= self.fields[key] == row[key]
        return found


def values(table: Table, column: str, row: Row) -> Iterator[Any]:
    """What might stand there as well, the likeliest first."""
    field, old = table.fields[column], row[column]
    if isinstance(field, peewee.BooleanField):
        yield not old
    elif isinstance(field, UTCField):
        if field.null and old is not None:
            yield None
        yield old + DAY if old is not None else datetime(2026, 1, 5, tzinfo=UTC)
    elif isinstance(field, peewee.ForeignKeyField):
        target: Any = field.rel_field
        there = list(field.rel_model.select(target).order_by(target).tuples())
        yield from [value for (value,) in there if value != old] or [old + 1]
    elif isinstance(field, peewee.IntegerField):
        yield from (0,) if column in LOWER else (old + 1, old - 1, old + 1000)
    else:
        yield from [one[column] for one in table.rows if one[column] and one[column] != old]
        yield _altered(field, old)


def _altered(field: Any, old: Any) -> Any:
    if isinstance(old, memoryview | bytes):
        data = bytes(old)
        return data[:-1] + bytes([data[-1] ^ 1]) if data else b"x"
    if isinstance(field, JSONField):
        if isinstance(old, dict):
            return old | {"x": "x"}
        return [*old, "x"] if isinstance(old, list) else "x"
    return f"{old or ''}x"


def changes(most: int) -> Iterator[Change]:
    """What is done, each to one row. :param most: so many rows for each column."""
    for name, listed in compared().items():
        table = Table(name)
        for turn, column in enumerate(listed):
            rows = table.chosen(column, turn, most)
            assert rows, (
                f"{name}.{column} is listed as compared, and no row holds it: fill the office"
            )
            yield from (_update(table, column, row) for row in rows)
        for row in table.chosen("", len(listed), most):
            yield _insert(table, row)
        for row in table.chosen("", len(listed) + 1, most) if name not in LET_GO else ():
            places = frozenset(table.places(row))
            yield Change(f"{name}: gone {_short(row)}", name, places, _later(table.remove, row))


def _update(table: Table, column: str, row: Row) -> Change:
    for value in values(table, column, row):
        with suppress(peewee.IntegrityError):
            with suppress(UndoneError), savepoint():
                table.set(row, column, value)
                places = table.places(row) | table.places(row, **{column: value})
                raise UndoneError
            said = f"{table.name}.{column}: {row[column]!r:.40} -> {value!r:.40} in {_short(row)}"
            return Change(
                said, table.name, frozenset(places), _later(table.set, row, column, value)
            )
    raise AssertionError(f"{table.name}.{column}: no other value can stand there")


def _insert(table: Table, row: Row) -> Change:
    made = table.copy(row)
    places = frozenset(table.places(row) | table.places(row, **made))
    name = f"{table.name}: copied {_short(row)}"
    return Change(name, table.name, places, _later(table.put, made))


def _later(do: Callable[..., object], *given: Any) -> Callable[[], object]:
    return lambda: do(*given)


def _short(row: Row) -> str:
    said = {name: value for name, value in row.items() if name in ("id", "uid", "key", "state")}
    return f"{said}"


class UndoneError(Exception):
    """Rolls back a change."""


def found_after(*done: Change) -> dict[str, str]:
    """What ``log verify`` says after some changes, which are then undone."""
    found: dict[str, str] = {}
    with suppress(UndoneError), savepoint():
        for one in done:
            one.do()
        found |= {one.where: one.what for one in log_check.verify().problems}
        raise UndoneError
    return found


def let_go_of_references() -> None:
    """Let rows name others that are not there, as somebody with all rights on the database can."""
    if not on_postgresql():
        db.execute_sql("PRAGMA defer_foreign_keys = ON")
        return
    kept = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f'"
    for table, name in db.execute_sql(kept).fetchall():
        db.execute_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


SPREADING = {"identity_node_fact", "log_leaf"}
"""What is wrong there makes much else wrong, so that only so many others are listed."""


def rounds(some: list[Change], each: int) -> list[list[Change]]:
    """Changes that can be made together and told apart: no two are named by the same place.

    :param each: so many of one table at most.
    """
    made: list[list[Change]] = []
    for change in some:
        alone = change.table in SPREADING
        for together in made:
            mine = [one for one in together if one.table == change.table]
            if alone or len(mine) >= each or together[0].table in SPREADING:
                continue
            if not any(change.meets(one) for one in together):
                together.append(change)
                break
        else:
            made.append([change])
    return made
