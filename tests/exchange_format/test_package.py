"""Packages: one byte form, and the platform and the stand-alone verifier agree on every one."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.crypto import x509
from kernel.crypto.ids import now, uuid7
from kernel.exchange import container, verify
from kernel.exchange import package as packages
from kernel.exchange.refusals import PackageRefused
from kernel.exchange.verdict import examine
from tests.exchange_format.sample import UNIT, Office, office


@pytest.fixture(scope="module")
def zhangye() -> Office:
    return office()


@pytest.fixture(scope="module")
def package(zhangye: Office) -> bytes:
    return zhangye.package()


def both(data: bytes, zhangye: Office) -> tuple[int, int]:
    """The numbers that the platform and the stand-alone verifier give."""
    alone = verify.Verification(data, zhangye.roots).run()
    return examine(data, zhangye.roots).number, alone.number


def test_a_package_is_true(zhangye: Office, package: bytes):
    verdict = examine(package, zhangye.roots)
    assert verdict.ok
    assert verdict.level == "formal"
    assert verdict.package is not None
    assert verdict.signed is not None
    assert x509.unit_of(verdict.signed.cert) == UNIT
    assert verdict.acts[-1].digest == verdict.signed.act_digest
    assert verdict.package.digest == packages.pkg_digest(verdict.package.manifest)
    assert both(package, zhangye) == (100, 100)


def test_a_package_is_read_as_it_was_written(zhangye: Office, package: bytes):
    read = packages.read(package)
    again = packages.assemble(read.contents, read.manifest, read.signature)
    assert again == package
    assert read.contents.attachments == [("附件1.txt", "名单".encode())]
    assert read.contents.body == zhangye.sealed
    assert read.contents.payload is None


def test_a_payload_needs_no_body_and_no_seal(zhangye: Office):
    contents = zhangye.contents(
        body=None,
        attachments=(),
        metadata={},
        payload={"coming": 3},
        envelope={"type": "meetings.reply"},
        acts={f"documents.{verb}": None for verb in ("sign_off", "assign_number", "seal")},
    )
    data = zhangye.package(contents)
    assert both(data, zhangye) == (100, 100)
    assert packages.read(data).contents.payload == {"coming": 3}


def test_demo_is_said_aloud(zhangye: Office):
    demo = Office(demo=True)
    data = demo.package()
    assert examine(data, demo.roots).level == "demo"
    alone = verify.Verification(data, demo.roots).run()
    assert alone.level == "demo"
    assert "演示" in verify.report(alone)
    assert both(data, zhangye) == (212, 212)


@pytest.mark.needs("openssl")
def test_unzip_sha256sum_and_openssl_agree(zhangye: Office, package: bytes, tmp_path: Path):
    (tmp_path / "p.asice").write_bytes(package)
    (tmp_path / "root.pem").write_bytes(x509.pem(zhangye.root.cert))
    with zipfile.ZipFile(tmp_path / "p.asice") as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "mimetype"
        archive.extractall(tmp_path / "p")
    for command, folder in (
        ("sha256sum --strict -c META-INF/digests-sha256.txt", tmp_path / "p"),
        (
            "openssl cms -verify -binary -inform DER -in p/META-INF/signature-001.p7s -content"
            " p/META-INF/ASiCManifest.xml -CAfile root.pem -purpose any -out out",
            tmp_path,
        ),
    ):
        done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_verifier_stands_alone(zhangye: Office, package: bytes, tmp_path: Path):
    source = Path(verify.__file__).read_text("utf-8")
    assert "import kernel" not in source
    assert "from kernel" not in source
    (tmp_path / "verify.py").write_text(source, "utf-8")
    (tmp_path / "p.asice").write_bytes(package)
    (tmp_path / "bad.asice").write_bytes(package[:-1])
    (tmp_path / "root.pem").write_bytes(x509.pem(zhangye.root.cert))
    python = str(Path(__import__("sys").executable))

    def run(*arguments: str) -> tuple[int, str]:
        command = [python, "-I", "verify.py", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout

    code, text = run("p.asice", "--root", "root.pem")
    assert code == 0
    assert "验证通过" in text
    code, text = run("p.asice", "--root", "root.pem", "--json")
    assert code == 0
    assert '"level": "formal"' in text
    assert run("bad.asice", "--root", "root.pem")[0] == 1
    assert run("nothing.asice", "--root", "root.pem")[0] == 2
    assert run("p.asice")[0] == 2


def test_what_the_verifier_cannot_use_is_said_and_is_no_verdict(
    zhangye: Office, package: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file, root = tmp_path / "p.asice", tmp_path / "root"
    file.write_bytes(package)
    der = bytearray(x509.der(zhangye.root.cert))
    der[der.index(b"\x55\x1d\x13") + 8] ^= 0x40  # inside an extension, which is read late
    framed = base64.encodebytes(der)
    framed = b"-----BEGIN CERTIFICATE-----\n" + framed + b"-----END CERTIFICATE-----\n"
    for data in (b"", b"junk", x509.der(zhangye.root.cert), b"-----BEGIN X509 CRL-----", framed):
        root.write_bytes(data)
        assert verify.main([str(file), "--root", str(root), "--json"]) == 2, data
        said = capsys.readouterr()
        assert said.out == "" and "不是 PEM 格式的根证书" in said.err
    root.write_bytes(x509.pem(zhangye.root.cert))
    for folder in (tmp_path / "none", file):
        asked = [str(file), "--root", str(root), "--evidence", str(folder)]
        assert verify.main(asked) == 2
        said = capsys.readouterr()
        assert said.out == "" and f"没有回执目录 {folder}" in said.err


def test_a_file_too_broken_to_have_a_manifest_has_no_digest(zhangye: Office, package: bytes):
    def digest(data: bytes) -> Any:
        return json.loads(verify.as_json(verify.Verification(data, zhangye.roots).run()))[
            "pkg_digest"
        ]

    assert digest(package) == packages.pkg_digest(packages.read(package).manifest)
    assert digest(b"rubbish") is None
    assert digest(replaced(package, packages.MANIFEST, b"")) is None


def test_not_one_byte_of_the_file_can_be_changed(zhangye: Office, package: bytes):
    alone = verify.Verification
    for position in range(len(package)):
        altered = bytearray(package)
        altered[position] ^= 1 << position % 8
        data = bytes(altered)
        assert not examine(data, zhangye.roots).ok, position
        assert alone(data, zhangye.roots).run().number != 100, position


def test_not_one_byte_of_the_contents_can_be_changed(zhangye: Office, package: bytes):
    """The same with a proper container around it, so that no checksum of the ZIP helps."""
    entries = container.read(package)
    tried = 0
    for number, (name, content) in enumerate(entries):
        step = 5 if name.startswith("META-INF/signature") else 1 + len(content) // 40
        for position in range(0, len(content), step):
            altered = bytearray(content)
            altered[position] ^= 1 << position % 7
            changed = [*entries[:number], (name, bytes(altered)), *entries[number + 1 :]]
            numbers = both(container.write(changed), zhangye)
            assert 100 not in numbers, (name, position, content[position : position + 9], numbers)
            tried += 1
    assert tried > 500


def replaced(package: bytes, name: str, data: bytes) -> bytes:
    return container.write([(n, data if n == name else d) for n, d in container.read(package)])


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/x",
        "a\\b",
        "C:x",
        "a\u202eb",
        "a\u200bb",
        "e\u0301",
        "x\n",
        "a/./b",
        "a.",
        " a",
        "",
    ],
)
def test_unsafe_names_are_refused_by_both(package: bytes, zhangye: Office, name: str):
    with pytest.raises(PackageRefused) as error:
        container.write([(name, b"")])
    assert error.value.number == 215
    raw, usual = name.encode(), "附件1.txt".encode()
    entries = container.read(package)
    path = f"content/attachments/01-{'x' * len(raw)}" if raw else "x"
    data = container.write([*entries, (path, b"")]).replace(b"x" * len(raw) or b"", raw)
    assert usual in data
    numbers = both(data, zhangye)
    assert 100 not in numbers


def test_two_names_that_differ_by_case_only_are_refused():
    with pytest.raises(PackageRefused) as error:
        container.write([("a", b""), ("A", b"")])
    assert error.value.number == 215


def test_too_many_files_are_refused():
    with pytest.raises(PackageRefused) as error:
        container.write([(str(n), b"") for n in range(501)])
    assert error.value.number == 216


def test_an_attachment_cannot_leave_its_folder(zhangye: Office):
    contents = zhangye.contents(attachments=(("../../metadata.json", b""),))
    with pytest.raises(PackageRefused) as error:
        packages.manifest_of(contents)
    assert error.value.number == 215


def test_metadata_may_say_that_nothing_is_classified(zhangye: Office):
    contents = zhangye.contents(metadata={"密级和保密期限": "无", "juyan:phase": "formal"})
    assert both(zhangye.package(contents), zhangye) == (100, 100)


def test_a_revoked_exchange_key_is_refused_from_then_on(zhangye: Office):
    serial = zhangye.exchange.serial_number
    for when, number in ((now() - timedelta(minutes=9), 213), (now() + timedelta(hours=1), 100)):
        crl = x509.make_crl(zhangye.issuers["exchange"], [(serial, when)], 1)
        trust = [*zhangye.trust, x509.pem(crl)]
        contents = replace(zhangye.contents(), trust=trust)
        assert both(zhangye.package(contents), zhangye) == (number, number)


def test_a_document_may_bear_two_seals_of_its_sender(zhangye: Office):
    body = zhangye.seal_pdf(zhangye.sealed)
    assert both(zhangye.package(zhangye.contents(body=body)), zhangye) == (100, 100)


def test_a_seal_by_a_co_issuing_organ_may_be_the_last(zhangye: Office):
    body = zhangye.seal_pdf(zhangye.sealed, "620700-ZFB")
    assert both(zhangye.package(zhangye.contents(body=body)), zhangye) == (100, 100)


def test_another_instant_can_be_asked_about(zhangye: Office, package: bytes):
    later = now() + timedelta(days=60)
    assert examine(package, zhangye.roots, later).number == 212
    assert verify.Verification(package, zhangye.roots, later).run().number == 212


def test_rubbish_never_breaks_the_verifiers(zhangye: Office, package: bytes):
    for seed in range(300):
        noise = hashlib.sha256(seed.to_bytes(2, "big")).digest()
        position = int.from_bytes(noise[:4], "big") % len(package)
        data = package[:position] + noise[: 1 + noise[5] % 32] + package[position + noise[6] % 32 :]
        if data != package:  # one byte may be replaced by itself
            assert 100 not in both(data, zhangye)


def test_a_message_id_is_a_uuid7(zhangye: Office):
    contents = zhangye.contents(envelope={"kind": "supersede", "refers_to": uuid7()})
    assert both(zhangye.package(contents), zhangye) == (100, 100)
