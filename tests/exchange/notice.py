"""The notice that was sent before each of these tests, and how its parts are found again."""

import json
import subprocess
import sys
from pathlib import Path

from kernel.crypto import x509
from kernel.exchange.inbound import sign_for
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.opening import open_once
from kernel.identity.authority import authority
from kernel.settings import ROOT
from kernel.storage.blobs import blobs
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office

CPCO, GFIN, GEDU = "620700-CPCO", "620700-GFIN", "620700-GEDU"
CLERKS = {CPCO: "孙倩", GFIN: "刘志强", GEDU: "陈静", "620702-CPCO": "马丽"}

# The founding notice. The finance bureau is named twice, and the group holds the sender himself.
NOTICE = json.loads((ROOT / "data/reference/zhangye/notice.json").read_text("utf-8")) | {
    "main": ["各县（区）委", "市财政局"],
    "cc": ["市直及省属驻张各部门、各单位"],
}


def package() -> Package:
    """The package of the notice."""
    with connection():
        found: Package = Package.select().order_by(Package.id).get()
    return found


def package_bytes() -> bytes:
    return blobs().get(package().blob)


def delivery(organ: str) -> Delivery:
    """The newest delivery to an organ, as it stands now."""
    with connection():
        return Delivery.select().where(Delivery.organ == organ).order_by(Delivery.id.desc()).get()


def deliveries() -> list[Delivery]:
    with connection():
        return list(Delivery.select().order_by(Delivery.id))


def evidence(organ: str = "", type_: str = "") -> list[Evidence]:
    """The evidence about an organ's delivery (of one type), or all of it."""
    with connection():
        rows = Evidence.select().order_by(Evidence.id)
        if organ:
            rows = rows.where(Evidence.organ == organ)
        return list(rows.where(Evidence.type == type_) if type_ else rows)


def root() -> x509.Certificate:
    return authority().certificate("root")


def opened(office: Office, organ: str) -> Delivery:
    """The organ's delivery, opened and verified by its clerk."""
    with connection():
        assert open_once(office.desk(CLERKS[organ]), delivery(organ)).ok
    return delivery(organ)


def signed_for(office: Office, organ: str) -> Delivery:
    """The organ's delivery, signed for by its clerk."""
    office.act(office.desk(CLERKS[organ]), sign_for, opened(office, organ))
    return delivery(organ)


def browser_of(office: Office, organ: str) -> Browser:
    """A browser in which the organ's clerk is signed in."""
    browser = office.browser()
    assert browser.login(CLERKS[organ]).status_code == 200
    return browser


def laid_out(folder: Path, data: bytes) -> Path:
    """What a stranger gets: package, evidence, root certificate. Nothing else of the node."""
    (folder / "evidence").mkdir()
    (folder / "package.asice").write_bytes(data)
    (folder / "root.pem").write_bytes(x509.pem(root()))
    for row in evidence():
        (folder / "evidence" / f"{row.id:03d}.json").write_bytes(bytes(row.record))
    return folder


def verified_alone(folder: Path) -> "subprocess.CompletedProcess[str]":
    """The stand-alone verifier, in a process and a folder of its own, without our packages."""
    copy = folder / "verify.py"
    copy.write_bytes((ROOT / "kernel/exchange/verify.py").read_bytes())
    command = [sys.executable, "-I", str(copy), "package.asice", "--root", "root.pem"]
    return subprocess.run(
        [*command, "--evidence", "evidence", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
