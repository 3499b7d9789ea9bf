"""Rows 12, 14, 15, 20: packages, containers, XML and themes that come from outside."""

from __future__ import annotations

import random
import zipfile

from msgspec.structs import replace

from kernel.crypto.ids import uuid7
from kernel.exchange import container, submission
from kernel.exchange import package as packages
from kernel.exchange.models import Delivery, Package
from kernel.node import open_node
from kernel.storage.blobs import blobs
from kernel.storage.database import connection
from kernel.testing_office import Office
from kernel.work import markup, uploads
from tests.threats.attacks import code, flipped
from tests.web.archives import ATTACKS, XML, pack


def test_row_12_forged_and_repeated_packages(office: Office):
    """Whatever is handed in, in whatever order: nothing forged gets in, nothing twice."""
    with connection():
        genuine = blobs().get(Package.get().blob)
    before, luck = boxes(), random.Random(12)
    read = packages.read(genuine)
    another = replace(read.contents, envelope={**read.contents.envelope, "msg_id": uuid7()})
    forged = packages.assemble(another, packages.manifest_of(another), read.signature)
    name, part = container.read(genuine)[-1]
    remade = container.write([*container.read(genuine)[:-1], (name, flipped(part, len(part) // 2))])
    tries = [genuine] * 6 + [forged, remade, genuine[:-7], genuine[: len(genuine) // 2]]
    tries += [flipped(genuine, luck.randrange(len(genuine))) for _ in range(12)]
    luck.shuffle(tries)
    receipts = [(data, handed_in(data)) for data in tries]
    own = {answer for data, answer in receipts if data == genuine}
    assert len(own) == 1 and next(iter(own))[0] == 101, "the same receipt, byte for byte"
    assert [answer[0] for data, answer in receipts if data != genuine and answer[0] < 200] == []
    assert boxes() == before


def handed_in(data: bytes) -> tuple[int, bytes]:
    """Number and evidence; 0 for a defect."""
    found: list[submission.Receipt] = []
    if code(lambda: found.append(submission.submit(data))):
        return 0, b""
    return found[0].number, found[0].record


def boxes() -> tuple[int, int]:
    with connection():
        return Package.select().count(), Delivery.select().count()


def test_row_14_containers_of_attackers():
    """Each attack is refused by its name, and nothing of it is unpacked."""
    answers = {name: taken(make(), "a.zip", "zip") for name, (make, _) in ATTACKS.items()}
    assert answers == {name: refusal for name, (_, refusal) in ATTACKS.items()}
    assert taken(pack({"a.txt": b"honest"}), "a.zip", "zip") == ""


def taken(data: bytes, name: str, kind: str) -> str:
    return code(lambda: uploads.take(data, name, accept=(kind,)))


def test_row_15_xml_of_attackers():
    """No document type, no entity, no depth, no crowd: refused before it is worked out."""
    assert {name: taken(data, "a.xml", "xml") for name, data in XML.items()} == dict.fromkeys(
        XML, "xml.type"
    )
    deep = b"<a>" * 200 + b"</a>" * 200
    assert taken(deep, "a.xml", "xml") == "xml.deep"
    half = b"<a>" + b"<a b=''/>" * 300_000 + b"</a>"
    crowd = pack({"1.xml": half, "2.xml": half}, zipfile.ZIP_STORED)
    assert taken(crowd, "a.zip", "zip") == "xml.many"
    assert taken(b"<a>honest</a>", "a.xml", "xml") == ""
    assert markup.DEEPEST < 200


SSTI = "{{ 7 * 191 }}{{ ''.__class__.__mro__ }}"


def test_row_20_templates_in_a_theme(office: Office):
    """A theme that somebody drops into the instance brings no template to life."""
    folder = office.settings.instance / "themes" / "zhangye"
    for place in ("templates/home", "templates/layout", "templates/account"):
        (folder / place).mkdir(parents=True)
    (folder / "theme.toml").write_text('name = "x"\nextends = "default"\n')
    (folder / "tokens.css").write_text("")
    for name in ("home/home.html", "account/login.html"):
        (folder / "templates" / name).write_text(f"<p>{SSTI}</p>")
    office.close()
    with open_node(office.settings) as node:
        browser = Office(office.settings, node).browser()
        pages = [browser.get("/login").text, browser.login("林晓梅").text]
        browser.close()
    assert [text for text in pages if "1337" in text or "<class" in text] == []
    assert "工作台" in pages[1]
