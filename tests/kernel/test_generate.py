"""Made-up data: on demonstrations only, marked in every row, and the log says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from kernel.acts.generated import TASK, Generation, uid
from kernel.acts.house.generating import FACT
from kernel.acts.models import Act, Opinion, Task
from kernel.cli import main
from kernel.crypto.ids import now
from kernel.errors import Conflict, Invalid, Refused
from kernel.exchange.models import Package
from kernel.generating import Amount, make_up
from kernel.identity.models import Credential, NodeFact, Person, Post
from kernel.reference import read
from kernel.storage import log_check, search
from kernel.storage.database import connection, transaction
from kernel.storage.models import LogLeaf
from kernel.testing_office import UNITS, Browser, Office

FEW = Amount(people=40, documents=60, tasks=600, seed=7)


def made(model: type) -> list:
    return [row for row in model.select() if row.uid[14] == "8"]


@pytest.mark.both
def test_hook_generate(office: Office):
    """So many are made up, and each says so."""
    deeds = (Credential, Opinion, Package)
    with connection():
        before = [model.select().count() for model in deeds]
    make_up(FEW)
    from plugins.documents.models import Document

    with connection():
        people, posts, tasks, documents = map(made, (Person, Post, Task, Document))
        assert list(map(len, (people, posts, tasks, documents))) == [40, 40, 600, 60]
        assert all("生成" in row.title for row in posts)
        assert all("生成" in row.meta for row in tasks)
        assert all(row.annotation.startswith("生成数据") for row in documents)
        assert all("生成" in row.number for row in documents if row.state == "sent")
        # Nothing that stands for the deed of a person comes with them.
        assert [model.select().count() for model in deeds] == before
        assert not any(row.sign_off_act or row.seal_act or row.package for row in documents)
        assert {row.subject for row in tasks} == {row.uid for row in documents}


@pytest.mark.both
def test_the_log_says_what_was_made_up_before_it_was(office: Office):
    make_up(FEW)
    with connection():
        (act,) = Act.select().where(Act.verb == "house.generate")
        leaf = LogLeaf.get(LogLeaf.ref == act.uid)
    said = json.loads(bytes(act.bytes))["params"]
    assert (said["people"], said["documents"], said["tasks"]) == (40, 60, 600)
    assert leaf.kind == "act" and act.signature_kind == "node"
    assert log_check.verify().ok


def test_rows_that_call_themselves_made_up_are_counted_against_the_log(office: Office):
    with transaction():
        Person.create(uid=uid(99, TASK, 1), name="无中生有")
    (problem,) = log_check.verify().problems
    assert problem.where == "generated person" and "the log speaks of 0" in problem.what
    make_up(FEW)  # one more than it says there are
    (problem,) = log_check.verify().problems
    assert "41 rows, and the log speaks of 40" in problem.what


def test_an_interrupted_generation_goes_on_and_gives_the_same_rows(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    from plugins.documents.models import Document

    monkeypatch.setattr("kernel.generating.PART", 20)
    with pytest.raises(KeyboardInterrupt):
        make_up(FEW, lambda count: (_ for _ in ()).throw(KeyboardInterrupt))
    with connection():
        assert Document.select().count() == 20
    assert log_check.verify().ok
    with pytest.raises(Conflict, match=r"generate\.other") as refused:
        make_up(Amount(people=40, documents=61, tasks=600, seed=7))
    assert "--documents 60" in refused.value.zh
    make_up(FEW)
    with connection():
        assert len(made(Document)) == 60 and len(made(Task)) == 600 and len(made(Person)) == 40
    with pytest.raises(Conflict, match=r"generate\.again"):
        make_up(FEW)


def test_a_part_is_the_same_each_time():
    one, two = (Generation(3, 10, 5, 50, 500, now(), (), ()) for _ in range(2))
    assert [one.random.random() for _ in range(3)] == [two.random.random() for _ in range(3)]
    assert sum(len(one.tasks_of(number)) for number in range(50)) == 500


@pytest.mark.parametrize("amount", [Amount(people=-1), Amount(documents=0, tasks=5)])
def test_amounts_that_cannot_be_are_refused(office: Office, amount: Amount):
    with pytest.raises(Invalid, match=r"generate\.amount"):
        make_up(amount)


def test_a_real_node_is_refused_by_the_act_itself(office: Office):
    with transaction():
        NodeFact.write("genesis", NodeFact.read("genesis") | {"demo": False})
    with pytest.raises(Refused, match=r"generate\.not_demo"):
        make_up(FEW)
    with connection():
        assert NodeFact.read(FACT) is None
        assert not made(Person) and not made(Task)


@pytest.mark.both
def test_what_was_made_up_is_found_listed_and_opened(office: Office, client: Browser):
    make_up(replace(FEW, documents=150, tasks=1500))
    from plugins.documents.models import Document

    with connection():
        rows = list(Document.select().where(Document.organ == "620700-CPCO"))
        found = search.find("关于", {"organ:620700-CPCO"}, {"documents"}, limit=200)
    assert {hit.uid for hit in found.hits} == {row.uid for row in rows} != set()
    client.login("林晓梅")
    page = client.get("/tasks?tab=toread&sort=old").text
    with connection():
        waiting = Task.select().where(
            (Task.post == office.post("林晓梅").uid) & Task.done.is_null()
        )
        oldest = waiting.where(Task.form == "toread").order_by(Task.id).first()
    assert oldest.title in page and oldest.meta in page
    for row in rows[::5]:
        for tab in ("sheet", "body", "flow"):
            answer = client.get(f"/documents/out/{row.uid}?tab={tab}")
            # A draft is for its section alone.
            assert answer.status_code == (200 if row.submitted else 404), row.state


def run(folder: Path, *more: str) -> Result:
    few = ("--people", "5", "--documents", "3", "--tasks", "30")
    return CliRunner().invoke(main, ["--instance", str(folder), "generate", *few, *more])


def test_the_command_asks_before_it_fills_a_node_that_is_there(office_folder: Path):
    refused = run(office_folder)
    assert refused.exit_code == 2 and "--yes" in refused.stderr
    done = run(office_folder, "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["documents"] == 3
    checked = CliRunner().invoke(main, ["--instance", str(office_folder), "log", "verify"])
    assert checked.exit_code == 0 and "5 人 people, 3 件公文 documents" in checked.stdout
    said = CliRunner().invoke(main, ["--instance", str(office_folder), "log", "verify", "--json"])
    assert json.loads(said.stdout)["generated"]["tasks"] == 30
    again = run(office_folder, "--yes")
    assert again.exit_code == 1 and "generate.again" in again.stderr


def test_the_command_refuses_a_real_node(office_folder: Path):
    file = office_folder / "settings.toml"
    file.write_text(file.read_text("utf-8").replace("demo = true", "demo = false"), "utf-8")
    refused = run(office_folder, "--yes")
    assert refused.exit_code == 1 and "generate.not_demo" in refused.stderr
    assert "空目录" in refused.stderr and "empty folder" in refused.stderr


def test_an_empty_folder_becomes_a_demo_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kernel.cli.generate.read", lambda: read().only(UNITS))
    done = run(tmp_path / "node")
    assert done.exit_code == 0, done.output
    assert (
        "3 件公文" in done.stdout and "demo = true" in (tmp_path / "node/settings.toml").read_text()
    )
