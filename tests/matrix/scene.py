"""What the screens show: an office in the middle of its day, made by its people through the gate.

Everything lies in a founded demo node that nobody serves yet. What is made is small enough for the
units of the tests' own node, and shows every state that a page can have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from kernel.acts import stars
from kernel.acts.terminal import act_at, desk_at
from kernel.acts.verbs import verbs
from kernel.crypto.ids import now, stamp
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.opening import open_once
from kernel.identity.desk import Desk
from kernel.identity.models import Person, Post, Unit
from kernel.node import open_node
from kernel.seals.signer_client import Signer
from kernel.storage.database import connection, transaction
from kernel.testing_office import settings_of
from plugins.documents.line import content_from, issue
from plugins.documents.models import Document, Incoming
from tests.portal.node import Place, started

OFFICE = "中共张掖市委办公室"
TITLES = (
    ("关于进一步加强值班值守和紧急信息报送工作的通知", "通知", "特急"),
    ("关于开展党政机关公文处理专项检查的通知", "通知", "加急"),
    ("关于报送二〇二六年度工作总结和二〇二七年工作计划的通知", "通知", ""),
    ("关于做好全市党政综合办公系统接入准备工作的函", "函", ""),
    ("关于印发《张掖市党政机关会议费管理补充规定》的通知", "通知", ""),
    ("关于调整市直机关办公用房的意见", "意见", ""),
    ("关于表彰全市党委信息工作先进集体的通报", "通报", "加急"),
)
BODY = [
    "为贯彻落实市委工作部署，进一步规范办文、办会、办事程序，现将有关事项通知如下。",
    "一、提高认识，加强组织领导",
    "各单位要把此项工作摆上重要位置，主要负责人亲自过问，明确一名分管领导和一名联络员。",
    "二、把握时限，按时报送材料",
    "（一）请于10日内将联络员名单报市委办公室秘书科；",
    "（二）有关材料通过党政综合办公系统报送，不再报送纸质件。",
    "三、强化督促检查",
    "市委办公室将会同有关部门适时开展督查，结果予以通报。",
]


def written(title: str, **more: Any) -> dict[str, Any]:
    """What a document says; everything but its title has a value of its own."""
    data = {"issuer": OFFICE, "type": "通知", "main": ["市财政局", "市教育局"], "body": BODY}
    return data | {"title": f"{OFFICE}{title}", "disclosure": "依申请公开", **more}


class Stage:
    """The people at their desks.

    :ivar facts: what the addresses of the screens need: name → uid.
    """

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def set(self) -> dict[str, str]:
        """Make everything; gives the facts."""
        self.waiting()
        self.outgoing()
        self.received()
        self.after_sending()
        self.house()
        self.starred()
        return self.facts

    def desk(self, name: str) -> Desk:
        """Whose desk it is."""
        with connection():
            post = Post.select(Post, Person).join(Person).where(Person.name == name).get()
        return desk_at(post)

    def act(self, name: str, verb: str, subject: Any = None, **arguments: Any) -> Any:
        """Somebody does something."""
        return act_at(self.desk(name), verbs().get(verb), subject, **arguments).result

    def document(self, title: str, until: str, **more: Any) -> str:
        """Take a document so far on its way; its uid."""
        return issue(written(title, **more), until=until).document

    def waiting(self) -> None:
        """Enough on the desks of the drafter and of those who review to fill a page."""
        for number in range(3):
            for title, kind, urgency in TITLES:
                until = ("draft", "submit", "review")[number]
                self.document(title, until, type=kind, urgency=urgency)

    def outgoing(self) -> None:
        """One document at each step, one of them with versions and attachments."""
        note = {"attachment_note": ["第1阶段接入单位名单", "开展无纸化办公部门情况摸底调查表"]}
        title = "关于做好年末岁初有关工作的通知"
        draft = self.document(title, "draft", **note)
        body = [*BODY[:3], "二、把握时限，提前报送材料", *BODY[4:]]
        with connection():
            row = Document.get(Document.uid == draft)
            content = content_from(written(title, **note, body=body), Unit.by_code("620700-CPCO"))
        self.act("林晓梅", "documents.save", row, content=content)
        self.facts["draft"] = draft
        for name, until in (
            ("submitted", "submit"),
            ("reviewed", "review"),
            ("to_sign", "office_review"),
            ("signed", "sign_off"),
            ("numbered", "number"),
            ("typeset", "typeset"),
            ("sealed", "seal"),
        ):
            self.facts[name] = self.document(f"关于第{len(self.facts)}次办公会议事项的通知", until)
        with connection():
            back = Document.get(Document.uid == self.facts["submitted"])
        self.act("王芳", "documents.open", back)
        returned = self.document("关于退回修改的通知", "submit")
        with connection():
            back = Document.get(Document.uid == returned)
        reason = "标题与内容不符，请修改后再报。"
        self.act("王芳", "documents.send_back", back, to="draft", reason=reason)
        with connection():
            back = Document.get(Document.uid == returned)
            again = written("关于退回修改的通知", body=body)
            content = content_from(again, Unit.by_code("620700-CPCO"))
        self.act("林晓梅", "documents.save", back, content=content)
        self.facts["returned"] = returned

    def received(self) -> None:
        """Deliveries: new, opened, signed for, sent back, urged, with a deadline."""
        for number, (title, kind, urgency) in enumerate(TITLES[:4]):
            sent = self.document(title, "dispatch", type=kind, urgency=urgency)
            self.facts[f"sent{number}"] = sent
        self.facts["delivery_new"] = self.delivery("sent0", "市财政局").uid
        signed = self.delivery("sent1", "市财政局")
        self.open("刘志强", signed)
        self.act("刘志强", "exchange.sign_for", signed)
        with connection():
            incoming = Incoming.get(Incoming.delivery == signed.uid)
            receipt = Evidence.select().order_by(Evidence.id.desc()).first()
        self.facts |= {"incoming": incoming.uid, "evidence": receipt.uid}
        back = self.delivery("sent1", "市教育局")
        self.open("陈静", back)
        self.act("陈静", "exchange.send_back", back, reason="附件2缺最后一页，请核实后补发。")
        self.facts["delivery_back"] = back.uid
        self.facts["delivery_open"] = self.delivery("sent3", "市财政局").uid

    def after_sending(self) -> None:
        """A dispatch whose sender asks those who have signed for it to give it back."""
        asked = self.delivery("sent2", "市财政局")
        self.open("刘志强", asked)
        self.act("刘志强", "exchange.sign_for", asked)
        package = self.package("sent2")
        self.act("孙倩", "exchange.recall", package, reason="发错版本，另行印发。", ask=True)
        self.facts["delivery_asked"] = asked.uid
        self.facts["package"] = self.package("sent1").uid
        waiting = self.package("sent0")
        self.act("孙倩", "exchange.urge", waiting, units=[])
        until = stamp(now() + timedelta(days=2))
        terms = {"sign_by": until, "units": [], "reason": "会期提前，请尽快签收。"}
        self.act("孙倩", "exchange.set_deadline", waiting, **terms)
        self.facts["package_waiting"] = waiting.uid

    def house(self) -> None:
        """A delegation, an administrator's look, a proposal, a key that is being handed out."""
        secretary, clerk = self.desk("王芳"), self.desk("刘志强")
        period = {"starts": stamp(now()), "ends": stamp(now() + timedelta(days=5))}
        taker = {"taker": secretary.post.uid, "person": secretary.person.uid}
        names = ["documents.office_review", "documents.send_back"]
        self.act("李建国", "house.delegate", kind="delegate", names=names, **period, **taker)
        look = dict.fromkeys(("mark", "logo", "product", "support", "notice"), "")
        self.act("杨帆", "house.set_look", **{**look, "theme": "default"})
        self.act("杨帆", "house.advance", phase=2)
        slot = {"person": clerk.person.uid, "kind": "webauthn", "label": "蓝色插件"}
        self.act("何静", "house.open_enrolment", **slot)
        self.facts |= {"person": clerk.person.uid, "post": clerk.post.uid}
        self.said()

    def said(self) -> None:
        """What the house tells its people, and they the house."""
        days = {"starts": f"{now():%Y-%m-%d}", "ends": f"{now() + timedelta(days=7):%Y-%m-%d}"}
        text = "本周六8:00至12:00机房检修，期间系统暂停使用。请提前保存稿件，急件改用电话报送。"
        told = {"title": "关于周六机房检修的公告", "body": text, "scope": "organ", **days}
        self.facts["announcement"] = self.act("李建国", "announcements.publish", **told).uid
        wish = {"text": "希望待办可以按来文单位筛选。", "place": "/tasks"}
        remark = self.act("孙倩", "feedback.write", **wish)
        self.facts["remark"] = remark.uid
        self.act("杨帆", "feedback.answer", remark, reply="已列入下一版，预计十二月上线。")
        self.act("林晓梅", "feedback.write", text="会议室投影仪的说明放在哪里？")

    def starred(self) -> None:
        """What the clerk of the office wants to find again."""
        clerk = self.desk("孙倩")
        with transaction():
            for name in ("to_sign", "sent1", "returned"):
                stars.put(clerk.person, Document.get(Document.uid == self.facts[name]))
            stars.put(clerk.person, Package.get(Package.uid == self.facts["package"]))

    def package(self, document: str) -> Package:
        """The dispatch of a document."""
        with connection():
            row = Document.get(Document.uid == self.facts[document])
            found: Package = Package.get(Package.uid == row.package)
        return found

    def delivery(self, document: str, unit: str) -> Delivery:
        """A document in the box of a unit."""
        codes = {"市财政局": "620700-GFIN", "市教育局": "620700-GEDU"}
        package = self.package(document)
        with connection():
            found: Delivery = Delivery.get(
                (Delivery.package == package.uid) & (Delivery.organ == codes[unit])
            )
        return found

    def open(self, name: str, delivery: Delivery) -> None:
        """Somebody opens what came in; it is verified."""
        desk = self.desk(name)
        with connection():
            open_once(desk, delivery)


def furnish(folder: Path) -> dict[str, str]:
    """Set the stage in a founded demo node; gives the facts."""
    with open_node(settings_of(folder)):
        facts = Stage().set()
    Signer(folder).shutdown()
    return facts


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Place, dict[str, str]]]:
    """Furnish a founded demo node and serve it for as long as the block lasts."""
    facts = furnish(folder)
    with started(folder, "demo") as place:
        yield place, facts
