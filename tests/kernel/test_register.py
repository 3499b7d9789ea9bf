"""The register of acts and pages against the table that was written by hand (register.toml).

Every answer in the table is tried for real: each verb, at the moment when it is due, is prepared
at twenty desks: ten roles in the organ that the object belongs to, ten in another one.
"""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from kernel.acts import hold, numbers
from kernel.acts.gate import prepare
from kernel.acts.house import resuming
from kernel.acts.models import Effect
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb, verbs
from kernel.crypto import suites
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, NotFound, Refused, Unavailable
from kernel.exchange.models import Delivery, Package
from kernel.exchange.opening import open_once
from kernel.identity.desk import Desk, desk_of
from kernel.identity.models import NodeFact, Person, Post, Unit
from kernel.identity.rights import ROLES
from kernel.plugins.installed import InstalledGuard
from kernel.portal.app import register
from kernel.seals.custody import seal_of
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.documents.line import content_from, issue
from plugins.documents.models import Document, Incoming

TABLE = tomllib.loads((Path(__file__).parent / "register.toml").read_text("utf-8"))
OFFICE, INFO, FINANCE = "620700-CPCO", "620700-INFO", "620700-GFIN"
BY_NODE = {
    "house.genesis": {
        **{"name": "x", "demo": True, "administrators": [], "admitted": "", "register": ""}
    },
    "house.generate": {"seed": 1, "people": 0, "documents": 0, "tasks": 0, "until": ""},
    "house.install_guard": {"name": "x", "names": []},
    "house.clock": {"newest": "", "leaves": 0},
    "house.restored": {"continues": "", "backup": ""},
    "exchange.accept": {"digest": "", "blob": "", "evidence": ""},
    "exchange.record": {"state": "signed", "evidence": ""},
    "exchange.withdraw": {"by": "", "evidence": ""},
    "exchange.reject": {"digest": "", "numbers": [], "evidence": "", "key": ""},
    "exchange.take_up": {"state": "signed", "evidence": "", "conflict": False},
    "exchange.mark": {"by": "", "evidence": ""},
    "exchange.move_deadline": {"units": [], "sign_by": "", "evidence": ""},
    "exchange.deliver_again": {"rows": [], "evidence": ""},
    "exchange.expire": {"evidence": ""},
    "documents.record_seal": {"sealed": "", "size": 0},
    "documents.seal_failed": {"code": "", "reason": ""},
}
NOTICE = {
    "issuer": "中共张掖市委办公室",
    "type": "通知",
    "title": "中共张掖市委办公室关于做好值班工作的通知",
    "main": ["市财政局"],
    "body": ["请各单位做好值班工作。"],
}


def declared(verb: Verb) -> dict[str, Any]:
    return {
        "level": verb.level,
        "weight": verb.weight,
        "people": verb.people,
        "by": verb.by,
        "batch": verb.batch,
    }


def expected(entry: dict[str, Any]) -> dict[str, Any]:
    entry = {"people": 1, "by": "person", "batch": False, **entry}
    return {name: entry[name] for name in ("level", "weight", "people", "by", "batch")}


def answers(entry: dict[str, Any], where: str) -> dict[str, str]:
    """Role → A, R or N."""
    letters = entry[where].replace(" ", "")
    return dict(zip(TABLE["roles"], letters, strict=True))


def test_the_table_speaks_of_every_role():
    assert TABLE["roles"] == list(ROLES)


def test_every_act_stands_in_the_table_and_no_other(office: Office):
    assert set(TABLE["verbs"]) == {verb.name for verb in verbs().all()}


def test_what_follows_from_an_act_is_said_in_both_languages(office: Office):
    """The kernel says both; the catalogue of a plugin, which is complete, may do it for it."""
    told = {one.name: one.confirm for one in verbs().all() if one.confirm is not None}
    one_language = {
        name
        for name, confirm in told.items()
        if confirm.__module__.startswith("kernel.")
        and "tuple[str, str]" not in str(confirm.__annotations__["return"])
    }
    assert told and one_language == set()


def test_every_act_has_the_level_and_weight_of_the_table(office: Office):
    assert {name: expected(entry) for name, entry in TABLE["verbs"].items()} == {
        verb.name: declared(verb) for verb in verbs().all()
    }


Scene = tuple[str, Subject | None, dict[str, Any]]


@dataclass
class Stage:
    """The office in which the scenes are played, with a desk for each role in three organs."""

    office: Office
    document: Document = field(init=False)
    other: str = ""

    def desks(self, organ: str) -> dict[str, Desk]:
        return self._desks[organ]

    @cached_property
    def _desks(self) -> dict[str, dict[str, Desk]]:
        with transaction():
            posts = {
                organ: {role: self._post(organ, role) for role in ROLES}
                for organ in (OFFICE, INFO, FINANCE)
            }
            return {
                organ: {role: desk_of(post) for role, post in of.items()}
                for organ, of in posts.items()
            }

    def _post(self, organ: str, role: str) -> Post:
        named = {
            "drafter": "林晓梅",
            "section_head": "王芳",
            "office_director": "李建国",
            "leader": "周海涛",
            "seal_keeper": "赵敏华",
        }
        if organ == OFFICE and role in named:
            return self.office.post(named[role])
        person = Person.create(name=f"{organ} {role}")
        unit = Unit.by_code(organ)
        return Post.create(person=person, unit=unit, title=role, roles=[role], rank=900)

    def act(self, name: str, verb: str, subject: Subject | None = None, **arguments: Any) -> Any:
        desk = self.office.desk(name)
        return self.office.act(desk, verbs().get(verb), subject, **arguments).result

    @property
    def period(self) -> dict[str, str]:
        """From now for a day."""
        return {"starts": stamp(now()), "ends": stamp(now() + timedelta(days=1))}

    def house(self) -> Iterator[Scene]:
        """What administrators do."""
        drafter = self.office.post("林晓梅")
        yield "house.read_out", None, {"what": "发文.csv", "day": "2026-11-22"}
        card = {"phone": "8213", "mobile": "", "room": "", "shared": False}
        yield "contacts.set_card", None, card
        yield "house.sign_in", None, {}
        yield "house.sign_out", None, {}
        yield "house.end_session", None, {"session": "x"}
        director = self.office.desk("李建国")
        review = {"kind": "delegate", "names": ["documents.send_back"], **self.period}
        taker = {"taker": drafter.uid, "person": drafter.person.uid}
        yield "house.delegate", None, review | taker
        given = self.office.act(director, verbs().get("house.delegate"), **review, **taker).result
        yield "house.end_delegation", None, {"delegation": given.uid}
        with transaction():
            InstalledGuard.create(name="gone", verbs=["gone.*"], act="x")
        yield "house.remove_guard", None, {"name": "gone", "reason": "已停用"}
        switch = {"organ": OFFICE, "plugin": "documents", "on": True}
        yield "house.switch_plugin", None, switch
        with transaction():
            Effect.create(handler="gone", key="gone:1", payload={}, state="failed")
        yield "house.do_again", None, {"effects": ["gone:1"]}
        look = dict.fromkeys(("theme", "mark", "logo", "product", "support", "notice"), "")
        yield "house.set_look", None, look
        day = {"day": "2027-02-05", "works": False, "name": "春节", "source": "通知"}
        yield "house.set_day", None, day
        grant = {"post": drafter.uid, "level": "house.switch", "given": True}
        yield "house.grant", None, grant
        public = suites.public_b64(suites.new_key())
        key = {"person": drafter.person.uid, "kind": "soft", "public_key": public}
        yield "house.issue_key", None, key
        slot = {"person": drafter.person.uid, "kind": "webauthn", "label": "蓝色插件"}
        yield "house.open_enrolment", None, slot
        yield "house.cancel_enrolment", None, {"enrolment": "x"}
        yield "house.revoke_key", None, {"credential": "x", "reason": "遗失"}
        with connection():
            seal = {"certificate": seal_of(OFFICE).certificate, "reason": "换发印章"}
        yield "house.revoke_certificate", None, seal
        yield "house.end_sessions", None, {"person": drafter.person.uid}
        yield "house.advance", None, {"phase": 2}

    def proposals(self) -> Iterator[Scene]:
        """What one administrator proposed and another one settles."""
        proposal = self.act("杨帆", "house.advance", phase=2)
        yield "house.confirm", proposal, {}
        yield "house.decline", proposal, {"reason": "时机未到"}

    def outgoing(self) -> Iterator[Scene]:
        """One document from the first word to the door, each verb when it is due."""
        from plugins.documents.acts.issuing import next_number
        from plugins.documents.acts.sealing import seal_arguments
        from plugins.documents.sheets import fix_layout

        with connection():
            content = content_from(NOTICE, Unit.by_code(OFFICE))
        yield "documents.draft", None, {"content": content}
        self.document = self.act("林晓梅", "documents.draft", content=content)
        yield "documents.save", self.document, {"content": content}
        yield "documents.discard", self.document, {}
        yield from self._step("林晓梅", "documents.submit")
        yield "documents.withdraw", self.document, {}
        yield "documents.open", self.document, {}
        yield from self._step("王芳", "documents.review", opinion="同意。")
        yield from self._step("李建国", "documents.office_review", opinion="请审签。")
        yield "documents.send_back", self.document, {"to": "draft", "reason": "标题不妥"}
        yield from self._step("周海涛", "documents.sign_off", opinion="同意印发。")
        with connection():
            free = next_number(self.fresh())
        yield from self._step("孙倩", "documents.assign_number", number=str(free), seq=free.value)
        with connection():
            made = fix_layout(self.fresh(), upward=False)
        yield from self._step("孙倩", "documents.typeset", **made)
        with connection():
            given = seal_arguments(self.fresh())
        yield from self._step("赵敏华", "documents.seal", **given)
        yield "documents.plan_dispatch", self.fresh(), {}
        package = self.act("孙倩", "documents.plan_dispatch", self.document)
        sent = {"envelope": package.digest(), "sealed": self.fresh().sealed}
        yield from self._step("孙倩", "documents.dispatch", package=package.uid, **sent)

    def fresh(self) -> Document:
        with connection():
            found: Document = Document.get(Document.uid == self.document.uid)
        return found

    def _step(self, name: str, verb: str, **arguments: Any) -> Iterator[Scene]:
        yield verb, self.document, arguments
        self.act(name, verb, self.document, **arguments)

    def sent(self) -> Iterator[Scene]:
        """What its sender may do before it is signed for."""
        with connection():
            package = Package.get(Package.uid == self.fresh().package)
        yield "exchange.recall", package, {"reason": "发错版本"}
        yield "exchange.void", package, {"reason": "发错版本"}
        self.other = self.another()
        yield "exchange.supersede", package, {"by": self.other, "reason": "另行印发"}
        yield "exchange.urge", package, {"units": []}
        yield "exchange.resend", package, {"units": ["620700-GEDU"], "reason": "增发"}
        until = {"sign_by": stamp(now() + timedelta(days=3)), "units": [], "reason": "放宽"}
        yield "exchange.set_deadline", package, until

    def another(self) -> str:
        """A second dispatch of the same office; gives the uid of its package."""
        issued = issue(NOTICE)
        with connection():
            found: Document = Document.get(Document.uid == issued.document)
        return str(found.package)

    def delivered(self) -> Iterator[Scene]:
        """The same document where it arrives."""
        with connection():
            delivery = Delivery.get(Delivery.package == self.fresh().package)
            open_once(self.office.desk("刘志强"), delivery)
        yield "exchange.open", delivery, {"verified": True, "level": "demo"}
        yield "exchange.sign_for", delivery, {}
        yield "exchange.send_back", delivery, {"reason": "重复来文"}
        self.act("刘志强", "exchange.sign_for", delivery)
        with connection():
            incoming = Incoming.get(Incoming.delivery == delivery.uid)
        yield "documents.read", incoming, {}

    def held(self) -> Iterator[Scene]:
        """What leads out of the hold of a restored node."""
        with transaction():
            hold.begin("restored")
            held, known = resuming.state(), numbers.to_account_for()
        said = {"held": held, "revoked": [], "highest": known, "certificates": []}
        yield "house.resume", None, said

    def after(self) -> Iterator[Scene]:
        """What the sender asks of who has signed for it; what a recipient asks of the sender."""
        with connection():
            package = Package.get(Package.uid == self.fresh().package)
        self.act("孙倩", "exchange.recall", package, reason="发错版本", ask=True)
        with connection():
            delivery = Delivery.get(Delivery.package == self.fresh().package)
        yield "exchange.agree_recall", delivery, {}
        yield "exchange.refuse_recall", delivery, {"reason": "已办理"}
        with connection():
            second = Delivery.get(Delivery.package == self.other)
            open_once(self.office.desk("刘志强"), second)
        self.act("刘志强", "exchange.send_back", second, reason="误退")
        with connection():
            second = Delivery.get(Delivery.package == self.other)
        yield "exchange.request_resend", second, {"reason": "误退，请补发"}

    def announced(self) -> Iterator[Scene]:
        """What an organ tells its own people."""
        day = f"{now():%Y-%m-%d}"
        said = {"title": "停水通知", "body": "周六停水。", "scope": "organ"}
        said |= {"starts": day, "ends": f"{now() + timedelta(days=2):%Y-%m-%d}"}
        yield "announcements.publish", None, said
        made = self.act("李建国", "announcements.publish", **said)
        yield "announcements.read", made, {}
        yield "announcements.withdraw", made, {}
        yield "feedback.write", None, {"text": "希望按单位筛选。"}
        remark = self.act("林晓梅", "feedback.write", text="希望按单位筛选。")
        yield "feedback.answer", remark, {"reply": "已列入计划。"}

    def by_node(self) -> Iterator[Scene]:
        """What only the node does: no person has it."""
        with connection():
            delivery = Delivery.get(Delivery.package == self.fresh().package)
            package = Package.get(Package.uid == self.fresh().package)
        subjects: dict[str, Subject] = {
            "exchange.accept": package,
            "exchange.withdraw": package,
            "exchange.record": delivery,
            "exchange.mark": package,
            "exchange.take_up": delivery,
            "exchange.move_deadline": package,
            "exchange.deliver_again": package,
            "exchange.expire": package,
        }
        for name, arguments in BY_NODE.items():
            document = self.document if name.startswith("documents.") else None
            yield name, subjects.get(name, document), arguments


def answer(desk: Desk, scene: Scene) -> str:
    name, subject, arguments = scene
    try:
        prepare(desk, verbs().get(name), subject, **arguments)
    except NotFound:
        return "N"
    except Refused:
        return "R"
    return "A"


def test_every_act_answers_every_role_as_the_table_says(office: Office):
    stage = Stage(office)
    plays = [
        (OFFICE, FINANCE, stage.house()),
        (INFO, FINANCE, stage.proposals()),
        (OFFICE, FINANCE, stage.announced()),
        (OFFICE, FINANCE, stage.outgoing()),
        (OFFICE, FINANCE, stage.sent()),
        (FINANCE, OFFICE, stage.delivered()),
        (FINANCE, OFFICE, stage.after()),
        (OFFICE, FINANCE, stage.by_node()),
        (OFFICE, FINANCE, stage.held()),
    ]
    tried, wrong = set(), []
    for own, other, scenes in plays:
        for scene in scenes:
            tried.add(scene[0])
            entry = TABLE["verbs"][scene[0]]
            for where, organ in (("own", own), ("other", other)):
                given = {role: answer(desk, scene) for role, desk in stage.desks(organ).items()}
                if given != answers(entry, where):
                    said = "".join(given.values())
                    wrong.append(f"{scene[0]} {where}: table {entry[where]}, node {said}")
    assert wrong == []
    assert tried == set(TABLE["verbs"])


OPEN_WHILE_HELD = {
    *("house.resume", "house.confirm", "house.decline"),
    *("house.sign_in", "house.sign_out", "house.end_session", "house.end_sessions"),
    *("house.revoke_key", "house.revoke_certificate", "house.cancel_enrolment"),
    *("house.end_delegation", "house.read_out"),
    *("exchange.open", "documents.open", "documents.read", "announcements.read"),
}
"""What a held node does: what leads out of it, signing in, reading, revoking. Written by hand."""


@contextmanager
def held_for_now() -> Iterator[None]:
    """The node is held, and what is due stays due."""
    with transaction():
        NodeFact.write(hold.FACT, {"why": "restored", "numbers": {}})
    try:
        yield
    finally:
        with transaction():
            NodeFact.delete().where(NodeFact.key == hold.FACT).execute()


@pytest.mark.both
def test_a_held_node_refuses_every_other_act(office: Office):
    """Recorded acts and drafts as well: each verb when it is due, by those who may do it."""
    stage = Stage(office)
    plays = [
        (OFFICE, stage.house()),
        (INFO, stage.proposals()),
        (OFFICE, stage.announced()),
        (OFFICE, stage.outgoing()),
        (OFFICE, stage.sent()),
        (FINANCE, stage.delivered()),
        (FINANCE, stage.after()),
    ]
    went_on, refused = set(), set()
    for organ, scenes in plays:
        for scene in scenes:
            able = [desk for desk in stage.desks(organ).values() if answer(desk, scene) == "A"]
            with held_for_now():
                for desk in able:
                    try:
                        went_on |= {scene[0]} if answer(desk, scene) == "A" else set()
                    except (Unavailable, Conflict) as refusal:
                        # What was proposed before the hold is void.
                        void = scene[0] in ("house.confirm", "house.decline")
                        assert refusal.code == ("house.void" if void else "node.held")
                        refused.add(scene[0])
    by_people = {name for name, entry in TABLE["verbs"].items() if entry.get("by") != "node"}
    # Resuming is tried in test_hold. What waits for a second person here was proposed before.
    second = {"house.confirm", "house.decline"}
    assert went_on == OPEN_WHILE_HELD - second - {"house.resume"}
    assert refused == by_people - OPEN_WHILE_HELD | second


def pages(office: Office) -> dict[str, list[str]]:
    return {
        path: [" ".join(sorted(route.methods - {"HEAD"})), route.level, route.weight]
        for path, route in register(office.node.routes)
    }


def test_every_page_stands_in_the_table_with_methods_level_and_weight(office: Office):
    assert pages(office) == TABLE["pages"]


def test_a_get_changes_nothing_by_its_weight(office: Office):
    for path, (methods, _level, weight) in pages(office).items():
        assert (weight == "read") == ("POST" not in methods), path


def test_what_is_no_page_is_open_on_purpose(office: Office):
    bare = {
        route.path: " ".join(sorted((route.methods or set()) - {"HEAD"}))
        for route in office.node.app().routes
        if isinstance(route, Route) and not hasattr(route, "level")
    }
    doors = {f"/{name}": "GET" for name in office.node.routes}  # each leads to its first page
    assert bare == TABLE["open"] | doors


def address(path: str) -> str:
    """A path with something in each of its places."""
    filled = path.replace("{number:int}", "1").replace("{kind}", "delivery")
    return filled.replace("{uid}", "nothing").replace("{name}", "nothing")


def test_without_signing_in_every_page_but_the_login_is_closed(office: Office):
    browser = office.browser()
    for path, (methods, level, _weight) in pages(office).items():
        if level == "public":
            continue
        for method in methods.split():
            got = browser.request(method, address(path), follow_redirects=False)
            assert got.status_code == (303 if method == "GET" else 401), path
            if method == "GET":
                assert got.headers["location"].startswith("/login"), path


@pytest.mark.parametrize("name", ["林晓梅", "孙倩", "高峰"])
def test_a_page_is_refused_to_who_lacks_its_level(office: Office, name: str):
    desk, browser = office.desk(name), office.browser()
    browser.login(name)
    for path, (methods, level, _weight) in pages(office).items():
        if "." not in level or desk.has(level):
            continue
        for method in methods.split():
            assert browser.request(method, address(path)).status_code == 403, path
