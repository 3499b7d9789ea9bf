"""Rows that decide who sees or does what, changed by SQL: each is named (row 7).

Units, groups, people, posts, keys, seals, lists and facts of the node, on an office in which a key
and a certificate were revoked and the phase was advanced. Changes that touch other rows are made
together, so that one check has to name all of them.
"""
# ruff: noqa: S608  # these are the statements of an attacker

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import zip_longest
from typing import Any

import peewee
import pytest

from kernel.acts.gate import by_node
from kernel.acts.house import confirm, keys, rollout
from kernel.acts.house.resuming import restored
from kernel.acts.models import Act, ActPrivate
from kernel.admitted.register import OWN, tie_name
from kernel.crypto import canonical
from kernel.identity.desk import ServiceDesk
from kernel.identity.models import (
    Credential,
    NodeFact,
    Person,
    Post,
    RevocationList,
    RevokedCertificate,
    Unit,
    UnitGroup,
    UnitTie,
)
from kernel.seals.custody import seal_of
from kernel.seals.models import Seal
from kernel.seals.revoking import revoke_certificate
from kernel.storage import log_check
from kernel.storage.comparing import rows_of
from kernel.storage.database import JSONField, connection, db, savepoint, transaction
from kernel.testing_office import Office
from tests.dialect import here
from tests.threats.attacks import drop_guards

pytestmark = pytest.mark.both
LATE = "2020-01-01T00:00:00.000Z"
Change = tuple[str, str]
"""The place that has to be named, and the statement of the attacker."""


class UndoneError(Exception):
    """Rolls back a change."""


def other(field: peewee.Field, value: Any, row: int) -> str:
    """Another value of a column, as SQL."""
    if isinstance(field, peewee.BooleanField):
        return "false" if value else "true"
    if isinstance(field, peewee.ForeignKeyField):
        return str(value % 5 + 1)
    if isinstance(field, peewee.IntegerField):
        return str(value + 7)
    if isinstance(field, JSONField):
        return f"'{json.dumps(['system_admin', str(row)])}'"
    if isinstance(field, peewee.BlobField):
        return "x'7b7d'"
    return f"'{LATE}'" if field.name in ("at", "issued", "revoked") else f"'x{row}'"


def place(what: str, row: dict[str, Any]) -> str:
    if what == "tie":
        return f"tie {tie_name(row)}"
    key = {"unit": "code", "group": "name"}.get(what, "uid")
    return f"{what} {row[key]}"


def founded(what: str, model: Any) -> Iterator[Change]:
    """Each column of the table, one after the other, each in a row of its own; and a row gone."""
    fields = [one for one in model._meta.sorted_fields if one.name not in OWN]
    rows, table = rows_of(model), model._meta.table_name
    for at, field in enumerate(fields):
        row = rows[at % len(rows)]
        value = other(field, row[field.name], row["id"])
        change = f'UPDATE {table} SET "{field.column_name}" = {value} WHERE id = {row["id"]}'
        yield place(what, row), change


def put_in(table: str, **values: str) -> str:
    names = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(values.values())})"


UNIT = {
    **{"code": "'put-in'", "name": "'x'", "short_name": "'x'", "kind": "'x'", "level": "''"},
    **{"parent": "''", "organ": "'620700-CPCO'", "office_of": "''", "doc_prefix": "''"},
    **{"box": "false", "access_mode": "''", "rollout": "0", "aliases": "'[]'", "rank": "1"},
    "open": "true",
}
PERSON = {
    **{"uid": "'put-in'", "name": "'x'", "pinyin": "''", "language": "''", "text_size": "''"},
    **{"active": "true", "created": f"'{LATE}'"},
}
LISTED = {"aliases": "'[]'", "members": "'[]'", "includes": "'[]'", "note": "''"}
PUT_IN: list[Change] = [
    ("unit put-in", put_in("identity_unit", **UNIT)),
    ("tie a > b (superior)", put_in("identity_unit_tie", unit="'a'", to="'b'", kind="'superior'")),
    ("group put-in", put_in("identity_unit_group", name="'put-in'", **LISTED)),
    ("person put-in", put_in("identity_person", **PERSON)),
]


def gone(what: str, model: Any) -> Iterator[Change]:
    """The last row that nothing refers to, once the posts before it are gone."""
    where = []
    if model is Unit:
        where = [Unit.id.not_in(Post.select(Post.unit))]
    row = rows_of(model, where=where)[-1]
    yield place(what, row), f"DELETE FROM {model._meta.table_name} WHERE id = {row['id']}"


def columns(what: str, model: Any, names: str, where: str = "") -> Iterator[Change]:
    """Columns that acts or authorities say, changed in the first row."""
    row, table = rows_of(model)[0], model._meta.table_name
    for name in names.split():
        field = model._meta.fields[name]
        value = other(field, row[name], row["id"])
        change = f"UPDATE {table} SET {name} = {value} WHERE id = {row['id']}"
        yield where or f"{what} {row['uid']}", change


def of_keys(revoked: str) -> Iterator[Change]:
    table = "identity_credential"
    names = "uid person kind key_digest statement signature act label revoked"
    yield from columns("key", Credential, names)
    yield f"key {revoked}", f"UPDATE {table} SET revoked = NULL WHERE uid = '{revoked}'"
    yield f"key {revoked}", f"UPDATE {table} SET revoked = '{LATE}' WHERE uid = '{revoked}'"
    yield f"key {revoked}", f"DELETE FROM {table} WHERE uid = '{revoked}'"


def of_seals() -> Iterator[Change]:
    names = "uid organ unit name impression impression_digest certificate statement"
    yield from columns("seal", Seal, f"{names} statement_signature level state")
    revoked, good = (Seal.get(Seal.state == "revoked").uid, Seal.get(Seal.state == "active").uid)
    yield f"seal {revoked}", f"UPDATE seals_seal SET state = 'active' WHERE uid = '{revoked}'"
    yield f"seal {good}", f"UPDATE seals_seal SET state = 'suspended' WHERE uid = '{good}'"
    yield f"seal {good}", f"DELETE FROM seals_seal WHERE uid = '{good}'"


def of_lists() -> Iterator[Change]:
    taken = RevokedCertificate.get()
    table, where = "identity_revoked_certificate", f"certificate {taken.serial}"
    gone = f"certificate of act {taken.act}"
    yield from columns("", RevokedCertificate, "act name at", where)
    yield from columns("", RevokedCertificate, "authority serial", gone)
    yield gone, f"DELETE FROM {table}"
    said = {"authority": "'seals'", "serial": "'abc'", "name": "''", "at": f"'{LATE}'"}
    yield "certificate abc", put_in(table, **said, act="'x'")
    row = RevocationList.select().order_by(RevocationList.id).get()
    name = f"list {row.number} of {row.authority}"
    yield from columns("", RevocationList, "pem issued", name)
    moved = f"list {row.number + 7} of {row.authority}"
    yield from columns("", RevocationList, "number", moved)
    table = "identity_revocation_list"
    other_one = f"UPDATE {table} SET authority = 'people', number = 7 WHERE id = {row.id}"
    yield "list 7 of people", other_one
    newest = f"(SELECT MAX(number) FROM {table} WHERE authority = 'seals')"
    yield "list of seals", f"DELETE FROM {table} WHERE authority = 'seals' AND number = {newest}"
    yield "list of seals", f"DELETE FROM {table}"


def of_facts() -> Iterator[Change]:
    for key, value in (("phase", "3"), ("name", '"x"'), ("uid", '"x"'), ("genesis", "{}")):
        change = f"UPDATE identity_node_fact SET value = '{value}' WHERE key = '{key}'"
        yield f"node fact {key}", change
    yield "node fact phase", "DELETE FROM identity_node_fact WHERE key = 'phase'"


def story(office: Office) -> str:
    """A key and the certificate of a seal are revoked, a phase is advanced; gives the key."""
    with connection():
        key = str(Credential.get(Credential.person == office.post("王芳").person.uid).uid)
        pem = seal_of("620700-GEDU").certificate
    office.act(office.desk("何静"), keys.revoke_key, credential=key, reason="插件遗失")
    office.act(office.desk("何静"), revoke_certificate, certificate=pem, reason="印章停用")
    proposal = office.act(office.desk("杨帆"), rollout.advance, phase=2).result
    office.act(office.desk("何静"), confirm.confirm, proposal)
    office.act(office.desk("杨帆"), rollout.advance, phase=3)  # proposed only
    return key


def found_after(*changes: str) -> dict[str, str]:
    """What ``log verify`` says after some changes, which are then undone."""
    found: dict[str, str] = {}
    with suppress(UndoneError), savepoint():
        for change in changes:
            db.execute_sql(here(change))
        found |= {one.where: one.what for one in log_check.verify().problems}
        raise UndoneError
    return found


def test_every_row_that_decides_who_sees_or_does_what_is_named(office: Office):
    key = story(office)
    with connection():
        assert log_check.verify().problems == []
        assert log_check.verify().notes == []
        models = (("unit", Unit), ("tie", UnitTie), ("group", UnitGroup), ("person", Person))
        tables = [list(founded(*one)) for one in (*models, ("post", Post))]
        tables += [PUT_IN[at : at + 1] for at in range(len(PUT_IN))]
        tables += [list(of_keys(key)), list(of_seals()), list(of_lists()), list(of_facts())]
        tables += [list(gone(*one)) for one in (("post", Post), *models)]
    rounds = [[one for one in some if one] for some in zip_longest(*tables)]
    missed: list[str] = []
    with suppress(UndoneError), transaction():
        drop_guards()
        for some in rounds:
            named = found_after(*(change for _, change in some))
            missed += [f"{change}: {where!r}" for where, change in some if where not in named]
            missed += [
                f"not in both languages: {one}" for one in named.values() if " / " not in one
            ]
        raise UndoneError
    assert missed == []


def test_the_sentence_says_the_column_what_was_founded_and_what_is_there(office: Office):
    with suppress(UndoneError), transaction():
        change = "UPDATE identity_unit SET organ = '620700-GEDU' WHERE code = '620700-GFIN'"
        (what,) = found_after(change).values()
        raise UndoneError
    assert "所属机关" in what and "库中为“620700-GEDU”，签名为“620700-GFIN”" in what
    assert "the organ" in what and "compare with a backup" in what


def test_a_register_that_is_gone_is_named_and_roles_are_still_held_against_its_digest(
    office: Office,
):
    with suppress(UndoneError), transaction():
        drop_guards()
        gone = "DELETE FROM acts_private WHERE name = 'register'"
        alone, both = found_after(gone), found_after(gone, "UPDATE identity_post SET roles = '[]'")
        act = Act.get(Act.verb == "house.genesis").uid
        raise UndoneError
    assert alone.keys() == {"founding", f"text register of act {act}"}
    assert "cannot be compared column by column" in alone["founding"]
    assert "one digest was signed over all" in both["founding"]


def test_a_node_founded_without_a_register_says_so_as_a_note(office: Office):
    """As version 0.1 founded it: the act of the founding has no such text."""
    with suppress(UndoneError), transaction():
        drop_guards()
        row = Act.get(Act.verb == "house.genesis")
        said = canonical.loads(bytes(row.bytes))
        del said["params"]["register"]
        Act.update(bytes=canonical.dumps(said)).where(Act.id == row.id).execute()
        ActPrivate.delete().where(ActPrivate.act == row.uid).execute()
        older = log_check.verify()
        Post.update(roles=[]).where(Post.id == 1).execute()
        changed = log_check.verify()
        raise UndoneError
    assert {one.where for one in older.problems} == {f"act {row.uid}"}, "it was not signed so"
    (note,) = older.notes
    assert note.where == "founding" and "cannot be compared" in note.what
    assert "founding" in {one.where for one in changed.problems}


def test_a_hold_that_nobody_lifted_is_named(office: Office):
    with suppress(UndoneError), transaction():
        by_node(ServiceDesk(reason="restore"), restored, continues="", backup="")
        before = {one.where for one in log_check.verify().problems}
        NodeFact.delete().where(NodeFact.key == "hold").execute()
        named = {one.where for one in log_check.verify().problems} - before
        raise UndoneError
    assert named == {"node fact hold"}
