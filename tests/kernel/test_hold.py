"""A restored node, or one with an older database in its place, signs nothing until two agree."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kernel import cli, restoring
from kernel.acts import gate, hold, numbers, outbox
from kernel.acts.house import resuming
from kernel.acts.house.confirm import confirm
from kernel.acts.house.keys import revoke_key
from kernel.acts.house.resuming import state
from kernel.acts.house.rollout import advance
from kernel.acts.models import Effect, NoticeWish, Number, Proposal, Series, Star
from kernel.crypto import x509
from kernel.crypto.ids import now
from kernel.errors import Conflict, Invalid, Unavailable, Unverified
from kernel.identity import credentials
from kernel.identity.desk import ServiceDesk
from kernel.identity.epoch import epoch
from kernel.identity.models import (
    Credential,
    OwnPhrase,
    RevocationList,
    RevokedCertificate,
    Session,
)
from kernel.node import open_node
from kernel.portal.app import register
from kernel.seals.models import Seal
from kernel.seals.resuming import resume
from kernel.seals.revoking import revoke_certificate
from kernel.storage import log, log_check
from kernel.storage.database import close_database, connection, transaction
from kernel.storage.models import LogNode
from kernel.storage.notes import FILE
from kernel.testing_databases import Databases
from kernel.testing_office import Browser, Office, settings_of
from plugins.documents.line import issue
from tests.exchange.notice import CPCO, NOTICE
from tests.threats.attacks import drop_guards

pytestmark = pytest.mark.early
WORD = b"a passphrase for tests"
SERIES = f"{CPCO}/市委办发/{now().year}"


def numbered(title: str = "关于做好值班工作的通知") -> str:
    return str(issue(NOTICE | {"title": f"中共张掖市委办公室{title}"}, until="number").number)


@contextmanager
def opened(folder: Path, witness: str = "") -> Iterator[Office]:
    settings = replace(settings_of(folder), witness=witness)
    with open_node(settings) as node:
        office = Office(settings, node)
        try:
            yield office
        finally:
            office.close()


def catch_up() -> None:
    """What the worker does: positions and a checkpoint."""
    while log.integrate():
        log.checkpoint()


@pytest.fixture
def folder(office_folder: Path) -> Path:
    return office_folder


@dataclass
class Copy:
    """A database as it was: a file, or another database of the server."""

    folder: Path
    databases: Databases
    file: Path
    url: str

    def put_back(self) -> None:
        """What somebody does by hand with it."""
        close_database()
        if self.url:
            settings = self.folder / "settings.toml"
            written = settings.read_text("utf-8")
            now_used = settings_of(self.folder).database
            again = self.databases.create(self.url)
            settings.write_text(written.replace(now_used, again), "utf-8")
            return
        for name in ("juyan.db-wal", "juyan.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copy(self.file, self.folder / "juyan.db")


def copied(folder: Path, databases: Databases, name: str) -> Copy:
    """Copy the database of a closed node."""
    close_database()
    file, url = folder.parent / name, settings_of(folder).database
    if url:
        return Copy(folder, databases, file, databases.create(url))
    shutil.copy(folder / "juyan.db", file)
    return Copy(folder, databases, file, "")


@pytest.fixture
def yesterday(folder: Path, databases: Databases) -> Copy:
    """The database as it was before 91 was given out; the node went on from there."""
    with opened(folder):
        catch_up()
    copy = copied(folder, databases, "yesterday.db")
    with opened(folder) as office:
        assert "91号" in numbered()
        revoke(office, "马丽")
        catch_up()
    return copy


def key_of(name: str, office: Office) -> str:
    post = office.post(name)
    with connection():
        return str(Credential.get(Credential.person == post.person.uid).uid)


def revoke(office: Office, name: str) -> None:
    office.act(office.desk("何静"), revoke_key, credential=key_of(name, office), reason="遗失")


def agree(office: Office, highest: dict[str, int] | None = None, **said: object) -> None:
    """Two administrators let the node go on."""
    with connection():
        held, known = state(), numbers.to_account_for()
    arguments = {"held": held, "revoked": [], "certificates": [], **said}
    arguments["highest"] = known | (highest or {})
    proposal = office.act(office.desk("杨帆"), resume, **arguments).result
    office.act(office.desk("何静"), confirm, proposal)


def why() -> str:
    with connection():
        return str((hold.held() or {}).get("why", ""))


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["--instance", str(folder), *arguments])


def test_a_node_that_goes_on_is_not_held(yesterday: Copy, folder: Path):
    with opened(folder):
        assert why() == ""
        assert "92号" in numbered()


@pytest.mark.both
def test_yesterdays_database_put_back_is_announced(yesterday: Copy, folder: Path):
    yesterday.put_back()
    with opened(folder) as office:
        assert why() == "rollback"
        with pytest.raises(Unavailable) as refusal:
            numbered()
        assert refusal.value.code == "node.held"
        with pytest.raises(Unavailable), transaction():
            numbers.take(CPCO, "市委办发", now().year, Series(), expected=91)
        page = office.browser().login("孙倩")
        assert "只能查看，签名办理已暂停" in page.text
    checked = run(folder, "log", "verify")
    assert checked.exit_code == 1
    assert "older than what was noted" in checked.stdout


@pytest.mark.both
def test_the_number_given_out_since_is_never_given_out_again(yesterday: Copy, folder: Path):
    yesterday.put_back()
    with opened(folder) as office:
        with connection():
            assert (hold.held() or {})["numbers"] == {SERIES: 91}
        agree(office)
        assert "92号" in numbered()
        with connection():
            series = Series.get((Series.organ == CPCO) & (Series.name == "市委办发"))
            taken = {row.value: row.kind for row in Number.select().where(Number.series == series)}
        assert taken == {91: "acts.void", 92: "documents.document"}


def test_going_on_opens_an_epoch_that_nobody_has_seen(yesterday: Copy, folder: Path):
    yesterday.put_back()
    with opened(folder) as office:
        agree(office)
        catch_up()
        with connection():
            assert log.log_key().origin.endswith("/2")
            assert log.checkpoint().split("\n")[0].endswith("/2")
    with opened(folder):
        assert why() == ""
        assert log_check.verify().problems == []
    assert run(folder, "log", "verify").exit_code == 0


def test_what_was_known_on_paper_counts_too(yesterday: Copy, folder: Path):
    yesterday.put_back()
    with opened(folder) as office:
        agree(office, highest={SERIES: 95}, revoked=[key_of("马丽", office)])
        assert "96号" in numbered()
        with connection():
            assert not credentials.is_active(key_of("马丽", office), office.post("马丽").person.uid)
            voids = Number.select().where(Number.kind == "acts.void").order_by(Number.value)
            assert [row.value for row in voids] == [91, 92, 93, 94, 95]


@pytest.mark.both
def test_revocations_of_the_resuming_that_are_undone_by_sql_are_named(
    yesterday: Copy, folder: Path
):
    yesterday.put_back()
    with opened(folder) as office:
        with connection():
            certificate = str(Seal.get(Seal.unit == "620700-GFIN").certificate)
        agree(
            office,
            highest={SERIES: 91},
            revoked=[key_of("马丽", office)],
            certificates=[certificate],
        )
        catch_up()
        assert log_check.verify().problems == []
        serial = f"{x509.load_cert(certificate.encode()).serial_number:x}"
        with transaction():
            Credential.update(revoked=None).where(
                Credential.uid == key_of("马丽", office)
            ).execute()
            RevokedCertificate.delete().where(RevokedCertificate.serial == serial).execute()
        places = " ".join(one.where for one in log_check.verify().problems)
        assert f"key {key_of('马丽', office)}" in places
        assert f"certificate {serial} of act" in places


def test_one_person_is_not_enough_and_both_sign_the_same(yesterday: Copy, folder: Path):
    yesterday.put_back()
    with opened(folder) as office:
        desk = office.desk("杨帆")
        with connection():
            held = state()
            known = numbers.to_account_for()
        nothing = {"revoked": [], "highest": known, "certificates": []}
        proposal = office.act(desk, resume, held=held, **nothing).result
        assert why() == "rollback"
        with pytest.raises(Exception, match="house.same_person"):
            gate.prepare(desk, confirm, proposal)
        with pytest.raises(Conflict, match="node.not_held"):
            gate.prepare(desk, resume, held="sha256:other", **nothing)


def test_a_proposal_of_before_cannot_be_confirmed_while_held(folder: Path, tmp_path: Path):
    with opened(folder) as office:
        office.act(office.desk("杨帆"), advance, phase=2)
        catch_up()
        proposal = office.act(office.desk("杨帆"), advance, phase=2).result
        with transaction():
            hold.begin("rollback")
        with pytest.raises(Conflict, match="house.settled"):
            gate.prepare(office.desk("何静"), confirm, proposal)


@pytest.mark.both
def test_a_proposal_of_before_a_hold_stays_void_whatever_its_column_says(folder: Path):
    with opened(folder) as office:
        old = office.act(office.desk("杨帆"), advance, phase=2).result
        with transaction():
            gate.by_node(ServiceDesk(reason="restore"), resuming.restored, continues="", backup="")
        assert log_check.verify().problems == []
        twice = [propose_to_go_on(office) for _ in range(2)]
        assert log_check.verify().problems == []
        office.act(office.desk("何静"), confirm, twice[1])
        assert why() == "" and log_check.verify().problems == []
        with transaction():
            Proposal.update(state="open").where(Proposal.uid == old.uid).execute()
            old = Proposal.get(Proposal.uid == old.uid)
        with pytest.raises(Conflict, match=r"house\.void"):
            gate.prepare(office.desk("何静"), confirm, old)
        (found,) = [one for one in log_check.verify().problems if "状态" in one.what]
        assert found.where == f"proposal {old.uid}"
        new = office.act(office.desk("杨帆"), advance, phase=2).result
        office.act(office.desk("何静"), confirm, new)


def propose_to_go_on(office: Office) -> Proposal:
    with connection():
        held, known = state(), numbers.to_account_for()
    said = {"held": held, "revoked": [], "certificates": [], "highest": known}
    proposed: Proposal = office.act(office.desk("杨帆"), resume, **said).result
    return proposed


def test_the_right_database_put_back_works_as_before(
    yesterday: Copy, folder: Path, databases: Databases
):
    right = copied(folder, databases, "right.db")
    yesterday.put_back()
    with opened(folder):
        assert why() == "rollback"
    right.put_back()
    with opened(folder):
        assert why() == ""
        assert "92号" in numbered()


def test_a_changed_history_of_the_same_length_is_noticed(yesterday: Copy, folder: Path):
    with opened(folder), transaction():
        drop_guards()
        LogNode.update(hash=bytes(32)).execute()
    with opened(folder):
        assert why() == "rollback"


def test_a_series_turned_back_is_noticed(yesterday: Copy, folder: Path):
    with opened(folder), transaction():
        Series.update(next=91).where(Series.name == "市委办发").execute()
    with opened(folder):
        assert why() == "rollback"


def test_taking_the_notes_away_is_noticed(yesterday: Copy, folder: Path):
    (folder / FILE).unlink()
    yesterday.put_back()
    with opened(folder):
        assert why() == "rollback"


def test_a_witness_knows_what_notes_and_database_put_back_do_not(
    folder: Path, tmp_path: Path, databases: Databases
):
    witness = tmp_path / "elsewhere.log"
    with opened(folder, str(witness)):
        catch_up()
    copy, notes = copied(folder, databases, "copy.db"), (folder / FILE).read_bytes()
    with opened(folder, str(witness)):
        assert "91号" in numbered()
        catch_up()
    copy.put_back()
    (folder / FILE).write_bytes(notes)
    with opened(folder):
        assert why() == ""  # nobody in the house can know
    with opened(folder, str(witness)):
        assert why() == "rollback"
        with connection():
            assert (hold.held() or {})["numbers"] == {SERIES: 91}


def test_half_a_line_after_a_power_cut_is_no_alarm(yesterday: Copy, folder: Path):
    with (folder / FILE).open("ab") as file:
        file.write(b'{"at": "2026-11-22T08:00:00.000Z", "note": "juy')
    with opened(folder):
        assert why() == ""
        numbered()
        catch_up()
    with opened(folder):
        assert why() == ""


def test_a_note_that_nobody_signed_holds_nothing_up(yesterday: Copy, folder: Path):
    with (folder / FILE).open("a") as file:
        uid = re.search(r"juyan/([^/]+)/1", (folder / FILE).read_text())
        assert uid
        body = f"juyan/{uid[1]}/1\\n9999\\n{'A' * 43}=\\n\\n— juyan/{uid[1]}/1 AAAAAAAA\\n"
        file.write(f'{{"note": "{body}", "numbers": {{}}}}\n')
    with opened(folder):
        assert why() == ""


def test_sessions_of_the_old_database_are_over(yesterday: Copy, folder: Path):
    yesterday.put_back()
    with opened(folder), connection():
        assert not Session.select().where(Session.ended.is_null()).exists()


@pytest.fixture
def restored(folder: Path, tmp_path: Path, databases: Databases) -> Path:
    """A node restored from a backup, whose original gave out 91 after it."""
    with opened(folder) as office:
        restoring.back_up(office.settings, tmp_path / "b.backup", WORD)
        assert "91号" in numbered()
        catch_up()
    where = databases.create()
    restoring.restore(tmp_path / "b.backup", WORD, tmp_path / "new", database=where)
    return tmp_path / "new"


@pytest.mark.both
def test_a_restored_node_reads_and_does_not_sign(restored: Path):
    with opened(restored) as office:
        assert why() == "restored"
        assert "待办" in office.browser().login("孙倩").text
        with pytest.raises(Unavailable) as refusal:
            office.act(office.desk("杨帆"), advance, phase=2)
        assert refusal.value.code == "node.held"
        revoke(office, "马丽")


def test_effects_of_the_backup_wait_until_somebody_agreed(restored: Path):
    with opened(restored) as office:
        with transaction():
            Effect.create(handler="exchange.settle", key="left", payload={})
        assert outbox.drain() == 0
        agree(office, highest={SERIES: 91})
        with connection():
            assert Effect.get(Effect.key == "left").attempts == 1
        assert "92号" in numbered()


def signed(browser: Browser, answer: str) -> str:
    nonce = re.search(r'name="nonce" value="([^"]+)"', answer)
    assert nonce, answer
    return browser.post("/acts/confirm", data={"nonce": nonce[1]}).text


def shown(page: str) -> dict[str, str]:
    """The fields of the page with what stands in them."""
    found: dict[str, str] = {}
    for one in re.findall(r'<input [^>]*name="(?:held|series-[^"]+)"[^>]*>', page):
        name, value = re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)
        assert name and value
        found[name[1]] = value[1]
    return found


def field_of(page: str, name: str) -> str:
    """The field of a series, by its label."""
    found = re.search(rf'for="field-(series-[^"]+)">[^<]*{name}〔{now().year}〕', page)
    assert found, name
    return found[1]


@pytest.mark.both
def test_every_series_is_answered_for_before_anything_goes_on(restored: Path):
    """The backup knows up to 90; nobody lets the node run by sending what stands there."""
    with opened(restored) as office:
        first, second = office.browser(), office.browser()
        first.login("杨帆")
        second.login("何静")
        page = first.get("/admin/resume").text
        filled, one = shown(page), field_of(page, "市委办发")
        with connection():
            known = numbers.to_account_for()
        assert len(filled) == len(known) + 1  # and what is held
        assert known[SERIES] == 90 and filled[one] == "90"
        unread = first.post("/admin/resume", data=filled)
        assert unread.status_code == 422 and "逐一核对已发出的最大号，再勾选" in unread.text
        for wrong, sentence in (
            ("", f"市委办发〔{now().year}〕不能为空"),
            ("89", "请填写 90 到"),
            ("九十一", "之间的整数"),
        ):
            got = first.post("/admin/resume", data=filled | {"checked": "y", one: wrong})
            assert got.status_code == 422 and sentence in got.text
            assert f'value="{wrong}"' in got.text
        # Nor by another door than the page.
        for said, code in (
            ({}, "node.resume_missing"),
            (known | {SERIES: 89}, "node.resume_below"),
            (known | {SERIES: 10**9}, "node.resume_number"),
            (known | {SERIES: "91"}, "node.resume_number"),
        ):
            with connection():
                held = state()
            with pytest.raises(Invalid) as refusal:
                gate.prepare(
                    office.desk("杨帆"), resume,
                    held=held, revoked=[], highest=said, certificates=[],
                )  # fmt: skip
            assert refusal.value.code == code
        asked = first.post("/admin/resume", data=filled | {"checked": "y", one: "93"}).text
        line = f"市委办发〔{now().year}〕：已知 90 号，填报已发到 93 号，其间 3 个号作废"
        assert line in asked
        signed(first, asked)
        listed = second.get("/admin/proposals").text
        assert line in listed
        assert listed.count("填报已发到") == sum(value > 0 for value in known.values())
        assert "个机关代字：填报没有发过号" in listed
        uid = re.search(r"/admin/proposals/([0-9a-f-]+)", listed)
        assert uid
        signed(second, second.post(f"/admin/proposals/{uid[1]}", data={"answer": "yes"}).text)
        assert why() == ""
        assert "94号" in numbered()


def test_two_administrators_let_it_go_on_in_the_browser(restored: Path):
    with opened(restored) as office:
        first, second = office.browser(), office.browser()
        first.login("杨帆")
        second.login("何静")
        page = first.get("/admin/resume").text
        filled = shown(page) | {"checked": "y"}
        wrong = first.post("/admin/resume", data=filled | {"revoked": "无此人"})
        assert wrong.status_code == 422
        assert "没有名为“无此人”" in wrong.text
        wrong = first.post("/admin/resume", data=filled | {"highest": "九十一"})
        assert "写法不对" in wrong.text
        wrong = first.post("/admin/resume", data=filled | {"certificates": "无此单位"})
        assert wrong.status_code == 422 and "无此单位" in wrong.text
        broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
        wrong = first.post("/admin/resume", data=filled | {"certificates": broken})
        assert wrong.status_code == 422 and broken.splitlines()[1] in wrong.text
        said = filled | {"revoked": "马丽\n", "certificates": "市教育局\n"}
        said[field_of(page, "市委办发")] = "91"
        asked = first.post("/admin/resume", data=said).text
        assert "将恢复签名办理：停用 1 个插件，吊销 1 张证书" in asked
        signed(first, asked)
        assert why() == "restored"
        uid = re.search(r"/admin/proposals/([0-9a-f-]+)", second.get("/admin/proposals").text)
        assert uid
        signed(second, second.post(f"/admin/proposals/{uid[1]}", data={"answer": "yes"}).text)
        assert why() == ""
        assert "运行正常" in first.get("/admin/resume").text
        assert "只能查看" not in first.get("/").text
        assert "92号" in numbered()


LINES = {
    f"{CPCO}/市委办发/99999999999999999999=1": "不是编号序列",
    f"{CPCO}/市委办发/0{now().year}=95": "不是编号序列",
    f"{CPCO}/市委办发/٢٠٢٦=95": "不是编号序列",
    f"{CPCO}/{'发' * 300}/{now().year}=5": "不是编号序列",
    f"{CPCO}/市委办发/9999=1": "年份不对",
    f"{CPCO}/市委办发/1000=1": "年份不对",
    f"无此单位/乱写/{now().year}=5": "不是本节点的单位",
    f"{SERIES}=-5": "请填写 0 到",
    f"{SERIES}={'9' * 500}": "请填写 0 到",
    f"{SERIES}=9²": "写法不对",
    f"{SERIES}=3": "只保留一个号数",
    f"{CPCO}/ 市委办发 /{now().year}=3": "只保留一个号数",
    f"{CPCO}/市委新发/{now().year}=7\n{CPCO}/市委新发/{now().year}=6": "只保留一个号数",
}


@pytest.mark.both
def test_a_line_that_names_no_series_of_the_house_is_refused_at_once(folder: Path):
    with opened(folder) as office:
        with transaction():
            hold.begin("rollback")
        first = office.browser()
        first.login("杨帆")
        filled = shown(first.get("/admin/resume").text) | {"checked": "y"}
        for line, sentence in LINES.items():
            got = first.post("/admin/resume", data=filled | {"highest": line})
            assert got.status_code == 422 and sentence in got.text, line
            assert line.partition("\n")[0] in got.text  # nothing typed is lost
        with connection():
            known, held = numbers.to_account_for(), state()
        for series, value, code in (
            (f"{CPCO}/市委办发/99999999999999999999", 1, "numbers.series"),
            (f"{CPCO}/ 市委办发 /{now().year}", 95, "numbers.series"),
            (f"无此单位/乱写/{now().year}", 5, "numbers.series"),
            (f"{CPCO}/市委新发/{now().year}", -5, "node.resume_number"),
        ):
            with pytest.raises(Invalid) as refusal:
                gate.prepare(
                    office.desk("杨帆"), resume, held=held, revoked=[], certificates=[],
                    highest=known | {series: value},
                )  # fmt: skip
            assert refusal.value.code == code


def test_a_line_is_read_however_wide_its_signs_and_spaces_are(folder: Path):
    with opened(folder) as office:
        with transaction():
            hold.begin("rollback")
        first, second = office.browser(), office.browser()
        first.login("杨帆")
        second.login("何静")
        filled = shown(first.get("/admin/resume").text) | {"checked": "y"}
        lines = f"{CPCO} ／ 市委办发 /{now().year} ＝ ９５\n{CPCO}/市委新发/{now().year}=7"
        asked = first.post("/admin/resume", data=filled | {"highest": lines}).text
        assert f"市委办发〔{now().year}〕：已知 90 号，填报已发到 95 号" in asked
        assert f"市委新发〔{now().year}〕：已知 0 号，填报已发到 7 号" in asked
        signed(first, asked)
        uid = re.search(r"/admin/proposals/([0-9a-f-]+)", second.get("/admin/proposals").text)
        assert uid
        signed(second, second.post(f"/admin/proposals/{uid[1]}", data={"answer": "yes"}).text)
        assert why() == ""
        assert "96号" in numbered()
        with connection():
            assert numbers.peek(CPCO, "市委新发", now().year).value == 8


def test_certificates_revoked_since_the_backup_are_revoked_again(restored: Path):
    with opened(restored) as office:
        with connection():
            seals = list(Seal.select().where(Seal.unit.in_(["620700-GEDU", "620700-GFIN"])))
            strange = x509.pem(x509.new_root("Elsewhere").cert).decode()
        first, second = (one.certificate for one in seals)
        office.act(office.desk("何静"), revoke_certificate, certificate=second, reason="换发")
        with pytest.raises(Unverified, match=r"x509\.chain"):
            agree(office, certificates=[strange])
        assert why() == "restored"
        agree(office, certificates=[first, second, first])
        with connection():
            assert {Seal.get_by_id(one.id).state for one in seals} == {"revoked"}
            assert RevokedCertificate.select().count() == 2
            lists = RevocationList.select().order_by(RevocationList.id.desc())
            newest = x509.load_crl(
                lists.where(RevocationList.authority == "seals").get().pem.encode()
            )
            assert len(list(newest)) == 2
        assert log_check.verify().ok


def test_the_files_of_a_node_are_closed_again(folder: Path):
    with opened(folder):
        catch_up()
    close_database()
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.both
def test_what_is_no_act_is_refused_in_a_held_node_as_well(folder: Path):
    with opened(folder) as office:
        document = issue(NOTICE, until="sign_off").document
        with transaction():
            hold.begin("restored")
        browser = office.browser()
        browser.login("林晓梅")
        typed = "请按程序办理并抄送财政局。"
        quiet = {"popup": "y", "quiet_from": "1200", "quiet_until": "420"}
        star = {"kind": "documents.document", "uid": document, "on": "1"}
        for path, said in (
            ("/me/phrases", {"text": typed}),
            ("/me/reminders", quiet),
            ("/tasks/star", star),
            ("/me/phrases/x", {"do": "up"}),
        ):
            answer = browser.post(path, data=said)
            assert answer.status_code == 503, path
            assert "签名办理已暂停，只能查看" in answer.text, path
        assert typed in browser.post("/me/phrases", data={"text": typed}).text
        kept = re.search(
            r'<input[^>]*name="popup"[^>]*>', browser.post("/me/reminders", data=quiet).text
        )
        assert kept and "checked" in kept[0]
        with connection():
            assert not any(model.select().exists() for model in (OwnPhrase, NoticeWish, Star))


@pytest.mark.both
def test_display_desks_and_what_was_read_go_on_in_a_held_node(folder: Path):
    with opened(folder) as office:
        with transaction():
            hold.begin("restored")
        browser = office.browser()
        browser.login("林晓梅")
        assert browser.post("/me/display", data={"size": "large"}).status_code == 200
        with connection():
            assert office.post("林晓梅").person.text_size == "large"
        assert browser.post("/me/notices/read", data={"upto": "9"}).status_code == 200
        here = office.post("林晓梅").uid
        assert "已切换办公身份" in browser.post("/me/desk", data={"post": here}).text
        goes_on = {path for path, route in register(office.node.routes) if route.goes_on}
        assert goes_on == {"/me/display", "/me/desk", "/me/notices/read", "/login/challenge"}


@pytest.mark.both
def test_a_backup_that_is_restored_twice_opens_an_epoch_each_time(
    office_folder: Path, tmp_path: Path, databases: Databases
):
    settings = office_folder / "settings.toml"
    old = settings.read_text("utf-8") if settings.exists() else ""
    settings.write_text(f'witness = "{tmp_path}/witness.log"\n{old}', "utf-8")
    with opened(office_folder):
        catch_up()
    file = tmp_path / "b.backup"
    assert run(office_folder, "backup", str(file)).exit_code == 0
    epochs = []
    for name in ("one", "two"):
        target, where = tmp_path / name, databases.create()
        named = ["--database", where] if where else []
        done = run(office_folder, "restore", str(file), "--instance", str(target), *named)
        assert done.exit_code == 0, done.output
        with opened(target) as office:
            agree(office)
            numbered()
            catch_up()
            assert log_check.verify().problems == []
            with connection():
                epochs.append(epoch())
    assert epochs == [2, 3]
