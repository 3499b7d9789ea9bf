"""Two organs side by side: whatever a clerk opens, nothing of the other organ is in it.

Each organ has a word of its own, in a document sent to it alone, in an errand, in what it wrote
when it sent the common notice back. The pages are all of the register, and all that links lead to.
"""

import html
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Task
from kernel.acts.subjects import kinds
from kernel.acts.verbs import verbs
from kernel.exchange.inbound import send_back
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.node import open_node, prepare_database
from kernel.portal.app import register
from kernel.settings import Settings
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office, Offices
from plugins.documents.line import issue
from tests.exchange.notice import CLERKS, GEDU, GFIN, browser_of, opened, signed_for

ERRANDS = Path(__file__).parent.parent / "toy" / "errands"
pytestmark = pytest.mark.plugins(ERRANDS)
WORDS = {GFIN: "雪豹", GEDU: "白鹭"}
NAMES = {GFIN: "市财政局", GEDU: "市教育局"}
COMMON = "巡护"
"""Stands beside both words; it is what the clerks search for."""
QUERIES = ("", f"?q={COMMON}", "?export=csv", "?export=xlsx")
MOST = 500
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


@pytest.fixture(scope="module")
def _offices(_offices: Offices, tmp_path_factory: pytest.TempPathFactory) -> Offices:
    """The office after both organs have done something; the tests here only look at it."""
    return Offices(tmp_path_factory.mktemp("neighbours"), _offices, then=_live)


def _live(settings: Settings) -> None:
    place = settings.instance / "plugins" / ERRANDS.name
    shutil.copytree(ERRANDS, place)
    prepare_database(settings)
    with open_node(settings) as node:
        for organ in WORDS:
            lives(Office(settings, node), organ)
    shutil.rmtree(place)


def uids(organ: str, other: str) -> list[str]:
    """Of each kind of thing the newest that is the organ's and not the other one's as well."""
    with connection():
        tables = [(cls, cls.organ) for cls in (*kinds().all(), Task, Evidence)]
        found = [_newest(cls.select().where(mine == organ)) for cls, mine in tables]
        mine, theirs = (
            Delivery.select(Delivery.package).where(Delivery.organ == one) for one in (organ, other)
        )
        sent = Package.select().where(Package.uid.in_(mine) & Package.uid.not_in(theirs))
        return [uid for uid in (*found, _newest(sent)) if uid]


def _newest(rows: Any) -> str:
    row = rows.order_by(rows.model.id.desc()).first()
    return "" if row is None else str(row.uid)


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
    if data[:4] != b"PK\x03\x04":
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    # In the XML of a spreadsheet Chinese stands as character references.
    return html.unescape("\n".join(parts))


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
                quiet = ("/static/", "/files/", "/logout", "/login?next=")
                if address.startswith("/calendar?") and self.months() >= 8:
                    continue  # months go on for ever
                if address not in self.seen and not address.startswith(quiet):
                    yield address

    def months(self) -> int:
        return sum(address.startswith("/calendar?") for address in self.seen)

    def follow(self) -> None:
        """Open what the pages lead to, until nothing new comes."""
        while new := sorted(set(self.links())):
            for address in new:
                if address.startswith("/calendar?") and self.months() >= 8:
                    continue
                self.look(address)
                assert len(self.seen) < MOST, "more pages than expected"

    def with_word(self, word: str) -> list[str]:
        return [address for address, text in self.seen.items() if word in text]


@pytest.mark.parametrize(("organ", "other"), [(GFIN, GEDU), (GEDU, GFIN)])
def test_nothing_of_the_other_organ_is_in_any_page(office: Office, organ: str, other: str):
    walk = Walk(browser_of(office, organ))
    pages = gets(office)
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
def test_no_uid_of_the_other_organ_opens_anything(office: Office, organ: str, other: str):
    walk, opened_pages = Walk(browser_of(office, organ)), []
    foreign = uids(other, organ)
    assert len(foreign) >= 6
    for path in gets(office):
        if "{uid}" in path:
            for uid in foreign:
                for address in filled(path, uid):
                    if walk.look(address) not in (403, 404):
                        opened_pages.append(address)
    assert opened_pages == []
    assert walk.with_word(WORDS[other]) == []


def test_of_a_common_package_each_sees_its_own_part(office: Office):
    """Both were sent the notice, and both sent it back, each with a reason of its own."""
    with connection():
        first = Package.select().order_by(Package.id).get()
        items = {
            row.organ: row.uid for row in Delivery.select().where(Delivery.package == first.uid)
        }
    for organ, other in ((GFIN, GEDU), (GEDU, GFIN)):
        page = browser_of(office, organ).get(f"/exchange/inbox/{items[organ]}").text
        assert WORDS[organ] in page and WORDS[other] not in page
