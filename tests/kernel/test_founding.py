"""Founding a node: once, as a whole, and nothing comes from nowhere."""

import json
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from msgspec import structs

from kernel import cli
from kernel.acts import numbers
from kernel.acts.models import Act
from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.errors import Invalid, Unavailable
from kernel.founding import found, unfound
from kernel.identity.models import Credential, NodeFact, Person, Post, Unit
from kernel.identity.rights import rights
from kernel.node import open_node
from kernel.plugins.switches import switchboard
from kernel.reference import ZHANGYE, read
from kernel.seals.custody import keepers_of, seal_of
from kernel.seals.models import Seal
from kernel.seals.signer_client import Signer
from kernel.settings import ROOT, Settings
from kernel.settings import load as load_settings
from kernel.storage import log_check
from kernel.storage.database import connection
from kernel.storage.models import LogLeaf
from kernel.storage.postgresql import database_name
from kernel.testing_databases import Databases
from kernel.testing_office import UNITS, Office, settings_of

FEW = ["620700-CPCO", *(f"620700-CPCO.0{n}" for n in range(1, 8)), "620700-INFO", "620700-GEDU"]


def genesis() -> dict[str, object]:
    with connection():
        row = Act.get(Act.verb == "house.genesis")
        first = LogLeaf.get(LogLeaf.position == 0)
    assert first.ref == row.uid and row.signature_kind == "node"
    params: dict[str, object] = canonical.loads(bytes(row.bytes))["params"]
    return params


def test_the_first_leaf_admits_three_administrators(office: Office):
    credentials = genesis()["administrators"]
    with connection():
        rows = Credential.select(Person.name).join(Person, on=(Credential.person == Person.uid))
        names = {name for (name,) in rows.where(Credential.uid.in_(credentials)).tuples()}
    assert names == {"杨帆", "何静", "高峰"}
    assert log_check.verify().ok


def test_the_first_leaf_names_everything_that_was_seeded(office: Office):
    with connection():
        posts = Post.select().order_by(Post.id)
        seeded = {
            "units": [unit.code for unit in Unit.select().order_by(Unit.rank)],
            "posts": [[one.uid, one.person.uid, one.unit.code, one.roles] for one in posts],
            "credentials": [
                canonical.digest(bytes(one.statement))
                for one in Credential.select().order_by(Credential.id)
            ],
            "seals": [
                canonical.digest(bytes(one.statement)) for one in Seal.select().order_by(Seal.id)
            ],
        }
    assert genesis()["admitted"] == canonical.digest(canonical.dumps(seeded))


def test_every_box_has_a_clerk_and_a_seal_with_its_keeper(office: Office):
    with connection():
        boxes = [unit.code for unit in Unit.select().where(Unit.box)]
        for code in boxes:
            assert rights().holders("exchange.handle", code), code
            keepers = {post.person.uid for post in rights().holders("documents.seal", code)}
            assert set(keepers_of(seal_of(code))) == keepers and keepers, code
    assert len(boxes) == 9


def test_the_series_goes_on_where_paper_ended(office: Office):
    with connection():
        assert str(numbers.peek("620700-CPCO", "市委办发", now().year)).endswith("91号")


def test_only_the_node_may_read_its_folder(office_folder: Path):
    assert stat.S_IMODE(office_folder.stat().st_mode) == 0o700
    for key in (office_folder / "keys").glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600, key.name


def test_a_demo_says_so_in_its_settings(office_folder: Path):
    assert load_settings(office_folder, {}).demo


def test_a_second_founding_changes_nothing(office_folder: Path):
    before = (office_folder / "keys" / "root.pem").read_bytes()
    found(settings_of(office_folder), read().only(FEW))
    assert (office_folder / "keys" / "root.pem").read_bytes() == before


INTERRUPTED = """
import os, sys
from pathlib import Path
from kernel.founding import found
from kernel.reference import read
from kernel.settings import Settings

def progress(step):
    if {word!r} in step:
        os._exit(9)

found(Settings(Path({folder!r}), {url!r}, demo=True), read().only({few!r}), progress=progress)
"""


@pytest.mark.both
@pytest.mark.parametrize("word", ["配发", "制发", "登记"])
def test_an_interrupted_founding_is_done_afresh(tmp_path: Path, word: str, databases: Databases):
    folder = tmp_path / "node"
    (folder / "plugins").mkdir(parents=True)
    (folder / "plugins" / "note.txt").write_text("mine")
    url = databases.create()
    code = INTERRUPTED.format(word=word, folder=str(folder), url=url, few=FEW)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 9, done.stderr.decode()
    settings = Settings(folder, url, demo=True)
    with pytest.raises(Unavailable, match=r"node\.not_founded"), open_node(settings):
        pass
    try:
        found(settings, read().only(FEW))
        with open_node(settings):
            assert log_check.verify().ok
            with connection():
                assert NodeFact.read("genesis")["demo"] is True
                assert Seal.select().count() == 3
    finally:
        Signer(folder).shutdown()
    assert (folder / "plugins" / "note.txt").read_text() == "mine"
    assert not (folder / "founding.json").exists()


def test_other_data_is_left_alone(tmp_path: Path):
    (tmp_path / "juyan.db").write_text("somebody else's")
    with pytest.raises(Unavailable, match=r"node\.foreign_folder"):
        found(Settings(instance=tmp_path, demo=True), read().only(FEW))
    assert (tmp_path / "juyan.db").read_text() == "somebody else's"


def test_people_without_a_unit_and_boxes_without_a_clerk_are_named(tmp_path: Path):
    for file in filter(Path.is_file, ZHANGYE.iterdir()):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    people = json.loads((tmp_path / "people.json").read_text("utf-8"))
    people = [one for one in people if one["name"] != "陈静"] + [
        {"unit": "000", "name": "过客", "title": "", "roles": []}
    ]
    (tmp_path / "people.json").write_text(json.dumps(people), "utf-8")
    with pytest.raises(Invalid, match="过客、620700-GEDU"):
        read(tmp_path)


def test_the_reference_is_whole():
    city = read()
    boxes = [one for one in city.units if one.get("exchange_box")]
    assert (len(city.units), len(boxes)) == (363, 256)
    assert all(one["pinyin"].split()[0] for one in city.people)
    assert {one["rollout_phase"] for one in boxes} == {1, 2, 3}


def test_hook_furnish(tmp_path: Path, databases: Databases):
    entry = {
        "until": "submit",
        "document": {
            "issuer": "620700-CPCO",
            "title": "中共张掖市委办公室关于试用系统的通知",
            "main": ["市教育局"],
            "main_text": "市教育局：",
            "body": ["请试用。"],
        },
    }
    (tmp_path / "documents.json").write_text(json.dumps([entry]), "utf-8")
    shutil.copytree(ZHANGYE / "plugins", tmp_path / "plugins")
    settings = Settings(tmp_path / "node", databases.create(), demo=True)
    reference = structs.replace(read().only(UNITS), folder=tmp_path)
    try:
        found(settings, reference, furnish=True)
        with open_node(settings), connection():
            steps = [row.verb for row in Act.select().order_by(Act.id)]
            duty = switchboard().why("duty", "620700-CPCO")
    finally:
        Signer(settings.instance).shutdown()
    assert steps == ["house.genesis", "house.install_guard", "documents.submit"]
    # One that its phase does not allow yet: who tries the demonstration sees why.
    assert not duty.on and duty.code == "phase"


@pytest.mark.database("postgresql")
def test_a_node_on_a_server_notes_where_its_data_is(office_folder: Path, databases: Databases):
    file = office_folder / "settings.toml"
    known = load_settings(office_folder, {})
    assert known.demo and known.database.startswith("postgresql://")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(Unavailable, match=r"node\.other_database"):
        with open_node(replace(known, database=databases.create())):
            pass


@pytest.mark.database("postgresql")
def test_a_wrong_url_is_said_each_time_and_the_right_one_then_works(
    tmp_path: Path, databases: Databases
):
    folder, good = tmp_path / "node", databases.create()
    head, _, tail = good.partition(database_name(good))
    for url, code in (
        (f"{head}no_such_database{tail}", "storage.no_database"),
        ("postgresql://nobody@127.0.0.1:1/nowhere", "storage.unreachable"),
        ("mysql://nobody@127.0.0.1/nowhere", "storage.url"),
    ):
        command = ["--instance", str(folder), "--database", url, "demo", "--port", "18933"]
        said = [CliRunner().invoke(cli.main, command) for _ in range(2)]
        assert all(f"[{code}]" in one.output for one in said), [one.output for one in said]
        assert said[0].exit_code == said[1].exit_code != 0
    settings = Settings(folder, good, demo=True)
    try:
        found(settings, read().only(FEW))
        with open_node(settings):
            assert log_check.verify().ok
        assert load_settings(folder, {}).database == good
    finally:
        Signer(folder).shutdown()


@pytest.mark.database("postgresql")
def test_a_database_with_tables_of_others_is_not_taken(tmp_path: Path, databases: Databases):
    settings = Settings(tmp_path / "node", databases.create(), demo=True)
    with psycopg.connect(settings.database, autocommit=True) as base:
        base.execute("CREATE TABLE theirs (id integer)")
    with pytest.raises(Unavailable, match=r"node\.foreign_database"):
        found(settings, read().only(FEW))
    unfound(settings)
    with psycopg.connect(settings.database) as base:
        assert base.execute("SELECT COUNT(*) FROM theirs").fetchone() == (0,)
