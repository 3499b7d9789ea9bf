"""Two organs side by side: whatever a clerk opens, nothing of the other organ is in it.

Each organ has a word of its own, in a document sent to it alone, in an errand, in what it wrote
when it sent the common notice back. The pages are all of the register, and all that links lead to.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Task
from kernel.acts.subjects import Subject, kinds
from kernel.acts.verbs import verbs
from kernel.exchange.inbound import send_back
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.portal.app import register
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office
from plugins.documents.line import issue
from tests.exchange.notice import CLERKS, GEDU, GFIN, browser_of, opened, signed_for

pytestmark = pytest.mark.plugins(Path(__file__).parent.parent / "toy" / "errands")
WORDS = {GFIN: "雪豹", GEDU: "白鹭"}
NAMES = {GFIN: "市财政局", GEDU: "市教育局"}
COMMON = "巡护"
"""Stands beside both words; it is what the clerks search for."""
QUERIES = ("", f"?q={COMMON}", "?export=csv", "?export=xlsx")
MOST = 250
"""Pages that one clerk follows links to; there are fewer."""


def lives(office: Office, organ: str) -> None:
    """Give an organ a document, an errand and a reason with its word in them."""
    clerk, word = office.desk(CLERKS[organ]), f"{WORDS[organ]}{COMMON}"
    reason = f"{word}附件缺页"
    office.act(clerk, send_back, opened(office, organ), reason=reason)
    issue(
        {
            "issuer": "中共张掖市委办公室",
            "type": "通知",
            "title": f"中共张掖市委办公室关于{word}工作的通知",
            "main": [NAMES[organ]],
            "body": [f"请做好{word}工作。"],
        }
    )
    signed_for(office, organ)
    admin = office.desk("杨帆")
    office.act(admin, switch_plugin, organ=organ, plugin="errands", on=True)
    office.act(clerk, verbs().get("errands.ask"), text=f"送{word}登记表")


@pytest.fixture
def neighbours(office: Office) -> Office:
    """The office after both organs have done something."""
    for organ in WORDS:
        lives(office, organ)
    return office


def uids(organ: str) -> list[str]:
    """Everything that belongs to an organ, or is about what belongs to it."""
    with connection():
        found = [
            row.uid
            for cls in kinds().all()
            if issubclass(cls, Subject)
            for row in cls.select().where(cls.organ == organ)
        ]
        found += [row.uid for row in Task.select().where(Task.organ == organ)]
        found += [row.uid for row in Evidence.select().where(Evidence.organ == organ)]
        sent = Delivery.select(Delivery.package).where(Delivery.organ == organ)
        found += [row.uid for row in Package.select().where(Package.uid.in_(sent))]
    return found


def filled(path: str, uid: str) -> list[str]:
    """A path of the register with a uid in its place, for every kind of file."""
    path = path.replace("{number:int}", "1").replace("{uid}", uid)
    if "{kind}" in path:
        return [path.replace("{kind}", kind) for kind in ("delivery", "package", "document")]
    return [path]


def gets(office: Office) -> list[str]:
    return [
        path
        for path, route in register(office.node.routes)
        if "GET" in (route.methods or ()) and path != "/logout"
    ]


def text_of(data: bytes) -> str:
    """What can be read in an answer, in an XLSX file too."""
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "\n".join(
                archive.read(name).decode("utf-8", "replace") for name in archive.namelist()
            )
    return data.decode("utf-8", "replace")


@dataclass
class Walk:
    """One clerk, going through all pages. ``seen`` is what he was shown, by its address."""

    browser: Browser
    seen: dict[str, str] = field(default_factory=dict)

    def look(self, address: str) -> int:
        answer = self.browser.get(address)
        self.seen[address] = text_of(answer.content)
        assert answer.status_code < 500, address
        return answer.status_code

    def links(self) -> Iterator[str]:
        for text in list(self.seen.values()):
            for link in re.findall(r'href="(/[^"#]*)', text):
                address = link.replace("&amp;", "&")
                quiet = ("/static/", "/files/", "/logout")
                if address not in self.seen and not address.startswith(quiet):
                    yield address

    def follow(self) -> None:
        """Open what the pages lead to, until nothing new comes."""
        while new := sorted(set(self.links())):
            for address in new:
                self.look(address)
                assert len(self.seen) < MOST, "more pages than expected"

    def with_word(self, word: str) -> list[str]:
        return [address for address, text in self.seen.items() if word in text]


@pytest.mark.parametrize(("organ", "other"), [(GFIN, GEDU), (GEDU, GFIN)])
def test_nothing_of_the_other_organ_is_in_any_page(neighbours: Office, organ: str, other: str):
    walk = Walk(browser_of(neighbours, organ))
    pages = gets(neighbours)
    for path in pages:
        if "{" not in path:
            for query in QUERIES:
                walk.look(path + query)
    walk.follow()
    assert walk.with_word(WORDS[other]) == []
    mine = walk.with_word(WORDS[organ])
    for place in ("/exchange/inbox", "/documents/in", "/errands/", "/tasks", "/"):
        assert place in mine, "where a clerk works, his own organ's matter stands"
    assert f"/search?q={COMMON}" in mine
    assert "/exchange/inbox?export=csv" in mine and "/documents/in?export=xlsx" in mine


@pytest.mark.parametrize(("organ", "other"), [(GFIN, GEDU), (GEDU, GFIN)])
def test_no_uid_of_the_other_organ_opens_anything(neighbours: Office, organ: str, other: str):
    walk, opened_pages = Walk(browser_of(neighbours, organ)), []
    own = set(uids(organ))
    foreign = [uid for uid in uids(other) if uid not in own]
    assert len(foreign) > 5
    for path in gets(neighbours):
        if "{uid}" in path:
            for uid in foreign:
                for address in filled(path, uid):
                    if walk.look(address) not in (403, 404):
                        opened_pages.append(address)
    assert opened_pages == []
    assert walk.with_word(WORDS[other]) == []


def test_of_a_common_package_each_sees_its_own_part(neighbours: Office):
    """Both were sent the notice, and both sent it back, each with a reason of its own."""
    with connection():
        first = Package.select().order_by(Package.id).get()
        items = {
            row.organ: row.uid for row in Delivery.select().where(Delivery.package == first.uid)
        }
    for organ, other in ((GFIN, GEDU), (GEDU, GFIN)):
        page = browser_of(neighbours, organ).get(f"/exchange/inbox/{items[organ]}").text
        assert WORDS[organ] in page and WORDS[other] not in page
