"""A changed byte, wherever it is: on the disk, in the package, in the sealed file, in a row."""

import random
import re
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel.acts import gate
from kernel.crypto import x509
from kernel.errors import Stale, Unverified
from kernel.exchange import container, receipts, verify
from kernel.exchange import package as packages
from kernel.exchange.inbound import sign_for
from kernel.exchange.models import Package
from kernel.exchange.receipts import report_of
from kernel.exchange.verdict import examine
from kernel.identity.authority import Authority, authority
from kernel.seals.witnesses import witnesses
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.exchange.notice import (
    CLERKS,
    GEDU,
    GFIN,
    browser_of,
    delivery,
    opened,
    package,
    package_bytes,
    root,
)

SEED = 2008_91


def flipped(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def flips(data: bytes, count: int, places: range | None = None) -> Iterator[tuple[int, bytes]]:
    """So many copies of the data, each with one bit changed; the same ones in every run."""
    chance = random.Random(SEED)
    for _ in range(count):
        at = chance.choice(places or range(len(data)))
        yield at, flipped(data, at, chance.randrange(8))


def damage(office: Office, digest: str) -> None:
    """Change one bit in the middle of a blob on the disk."""
    name = digest.removeprefix("sha256:")
    file = office.settings.instance / "blobs" / name[:2] / name[2:]
    data = file.read_bytes()
    file.write_bytes(flipped(data, len(data) // 2, 0))


def alone(data: bytes) -> int:
    """The number that the stand-alone verifier gives."""
    number: int = verify.Verification(data, [root()]).run().number
    return number


def test_a_damaged_package_on_the_disk_is_not_signed_for(office: Office):
    opened(office, GEDU)  # what was found to be true before the damage counts no more
    damage(office, package().blob)
    with pytest.raises(Unverified, match=r"blobs\.corrupt"):
        blobs().get(package().blob)
    clerk = browser_of(office, GFIN)
    page = clerk.get(f"/exchange/inbox/{delivery(GFIN).uid}")
    assert page.status_code == 200
    assert "文件内容已损坏或被改动" in page.text and "真伪检验没有通过，不能签收" in page.text
    assert f"/exchange/inbox/{delivery(GFIN).uid}/sign-for" not in page.text
    with pytest.raises(Unverified, match=r"exchange\.not_verified"):
        gate.prepare(office.desk(CLERKS[GFIN]), sign_for, delivery(GFIN))


@pytest.mark.parametrize(("part", "way"), [("blob", "package.asice"), ("body", "document.pdf")])
def test_a_damaged_file_is_not_handed_out(office: Office, part: str, way: str):
    damage(office, getattr(package(), part))
    got = browser_of(office, GFIN).get(f"/files/delivery/{delivery(GFIN).uid}/{way}")
    assert got.status_code == Unverified.status
    assert "文件内容已损坏或被改动" in got.text and "从备份中恢复" in got.text


@pytest.mark.parametrize("column", ["pkg_digest", "body", "uid"])
def test_a_row_that_names_something_else_than_the_package_is_noticed(office: Office, column: str):
    row = package()
    with connection():
        assert report_of(row).ok
        setattr(row, column, blobs().put(b"%PDF-1.7 something else"))
        report = report_of(row)
    assert not report.ok and "摘要不符" in report.reason


def test_another_genuine_package_in_its_place_is_noticed(office: Office):
    """Somebody with the database at hand lays the blob of another dispatch into the box."""
    with transaction():
        Package.update(pkg_digest="sha256:" + "1" * 64).execute()
    page = browser_of(office, GFIN).get(f"/exchange/inbox/{delivery(GFIN).uid}")
    assert "真伪检验没有通过，不能签收" in page.text
    assert delivery(GFIN).verified is None


def test_no_changed_bit_of_the_notice_s_package_gets_by(office: Office):
    data = package_bytes()
    assert alone(data) == 100
    accepted = [at for at, bad in flips(data, 2000) if alone(bad) == 100]
    assert accepted == []


@pytest.mark.full
def test_the_platform_s_own_verifier_refuses_the_same(office: Office):
    data = package_bytes()
    assert [at for at, bad in flips(data, 2000) if examine(bad, [root()]).ok] == []


def entries_of(data: bytes) -> list[tuple[str, bytes]]:
    return list(container.read(data))


def test_nor_when_the_container_is_made_anew_around_it(office: Office):
    """The checksums of ZIP are right again, so that the signatures alone have to notice."""
    entries = entries_of(package_bytes())
    chance, numbers = random.Random(SEED), Counter()
    for _ in range(150):
        which = chance.randrange(len(entries))
        name, part = entries[which]
        bad = flipped(part, chance.randrange(len(part)), chance.randrange(8))
        data = container.write([*entries[:which], (name, bad), *entries[which + 1 :]])
        number = alone(data)
        numbers[number] += 1
        assert number != 100 and not examine(data, [root()]).ok, name
    assert len(numbers) > 3, "different rules notice different places"


CHANGES: list[Callable[[packages.Contents], packages.Contents]] = [
    lambda told: replace(told, metadata=told.metadata | {"标题": "另一个标题"}),
    lambda told: replace(told, body=(told.body or b"") + b"\n"),
    lambda told: replace(told, acts=told.acts[::-1]),
    lambda told: replace(told, trust=told.trust[:-1]),
    lambda told: replace(told, attachments=[("附件.txt", b"more")]),
    lambda told: replace(told, envelope=told.envelope | {"urgency": "特急"}),
]


@pytest.mark.parametrize("change", range(len(CHANGES)))
def test_nor_when_envelope_list_and_manifest_agree_with_the_change(office: Office, change: int):
    """Whoever changes the lists as well has lists that nobody signed."""
    read = packages.read(package_bytes())
    told = CHANGES[change](read.contents)
    sums = packages.content_digests(told.metadata, told.body, told.attachments, told.payload)
    told = replace(told, envelope=told.envelope | {"content": sums})
    data = packages.assemble(told, packages.manifest_of(told), read.signature)
    assert alone(data) == examine(data, [root()]).number == 210


def sealed_pdf(folder: Path) -> tuple[Path, Path]:
    pdf, anchor = folder / "document.pdf", folder / "root.pem"
    pdf.write_bytes(blobs().get(package().body))
    anchor.write_bytes(x509.pem(root()))
    return pdf, anchor


@pytest.mark.needs("pdfsig", "certutil", "openssl")
def test_pdfsig_and_openssl_agree_that_the_seal_holds(office: Office, tmp_path: Path):
    said = witnesses(*sealed_pdf(tmp_path))
    assert said == {"juyan": "", "openssl": "", "pdfsig": ""}


@pytest.mark.needs("pdfsig", "certutil", "openssl")
def test_pdfsig_and_openssl_refuse_every_changed_byte_under_the_seal(
    office: Office, tmp_path: Path
):
    pdf, anchor = sealed_pdf(tmp_path)
    data = pdf.read_bytes()
    _, first, second, length = map(
        int, re.findall(rb"/ByteRange\s*\[\s*(\d+) +(\d+) +(\d+) +(\d+)\s*\]", data)[-1]
    )
    assert second + length == len(data)
    for at, bad in flips(data, 20, range(first)):
        pdf.write_bytes(bad)
        said = witnesses(pdf, anchor)
        assert all(said.values()), (at, said)


def unpacked(folder: Path, data: bytes) -> Path:
    (folder / "package.asice").write_bytes(data)
    (folder / "root.pem").write_bytes(x509.pem(root()))
    with zipfile.ZipFile(folder / "package.asice") as archive:
        archive.extractall(folder)
    return folder


def openssl_agrees(folder: Path) -> bool:
    command = (
        "openssl cms -verify -binary -inform DER -in META-INF/signature-001.p7s"
        " -content META-INF/ASiCManifest.xml -CAfile root.pem -out /dev/null"
    )
    return not subprocess.run(command.split(), cwd=folder, capture_output=True).returncode


def listed_sums_hold(folder: Path) -> bool:
    command = "sha256sum --strict --quiet -c META-INF/digests-sha256.txt"
    return not subprocess.run(command.split(), cwd=folder, capture_output=True).returncode


@pytest.mark.needs("openssl")
def test_openssl_refuses_every_changed_byte_of_the_manifest(office: Office, tmp_path: Path):
    folder = unpacked(tmp_path, package_bytes())
    assert openssl_agrees(folder) and listed_sums_hold(folder)
    manifest = folder / "META-INF/ASiCManifest.xml"
    for at, bad in flips(manifest.read_bytes(), 20):
        manifest.write_bytes(bad)
        assert not openssl_agrees(folder), at


@pytest.mark.needs("openssl")
def test_sha256sum_refuses_every_changed_byte_of_what_is_listed(office: Office, tmp_path: Path):
    folder = unpacked(tmp_path, package_bytes())
    names = [name for name, _ in entries_of(package_bytes()) if name.startswith("content/")]
    for name in [*names, "envelope.json", "metadata.json"]:
        file = folder / name
        good = file.read_bytes()
        for at, bad in flips(good, 5):
            file.write_bytes(bad)
            assert not listed_sums_hold(folder), (name, at)
        file.write_bytes(good)


def test_a_verified_delivery_is_bound_to_the_digest_that_was_verified(office: Office):
    """Between opening and signing somebody exchanges the digest: the signed bytes would name it."""
    item, clerk = opened(office, GFIN), office.desk(CLERKS[GFIN])
    act = gate.prepare(clerk, sign_for, item)
    with transaction():
        Package.update(pkg_digest="sha256:" + "2" * 64).execute()
    with pytest.raises(Stale):
        gate.perform(clerk, act, office.sign(clerk, act))


def test_a_refusal_is_found_anew_each_time(office: Office, tmp_path: Path):
    """It may have come of what is put right again: here of another root in the place of ours."""
    ours = authority()
    receipts._report.cache_clear()  # other tests have looked at the same bytes
    with connection():
        try:
            authority.fill(Authority.create(tmp_path, "Elsewhere", demo=True))
            assert not report_of(package()).ok
        finally:
            authority.fill(ours)
        assert report_of(package()).ok
