"""Packages: one byte form, and the platform and the stand-alone verifier agree on every one."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kernel.crypto import canonical, x509
from kernel.crypto.ids import now, stamp, uuid7
from kernel.exchange import container, verify
from kernel.exchange import package as packages
from kernel.exchange.refusals import PackageRefused
from kernel.exchange.verdict import examine
from tests.exchange_format.sample import PDF, UNIT, Office, office


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


def repacked(package: bytes, change: Callable[[list[container.Entry]], object]) -> bytes:
    entries = container.read(package)
    change(entries)
    return container.write(entries)


def rezipped(package: bytes, **options: Any) -> bytes:
    """The same entries by Python's own zipfile: another byte form."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        for name, data in container.read(package):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


CONTAINERS: list[tuple[str, Callable[[bytes], bytes], int]] = [
    ("empty", lambda p: b"", 205),
    ("cut off", lambda p: p[:-1], 205),
    ("data after the end", lambda p: p + b"\0", 205),
    ("data before the start", lambda p: b"\0" + p, 205),
    ("a comment", lambda p: p[:-2] + b"\1\0x", 205),
    ("another program's zip", rezipped, 205),
    ("compressed", lambda p: rezipped(p, compression=zipfile.ZIP_DEFLATED), 205),
    ("another order", lambda p: repacked(p, lambda e: e.append(e.pop(4))), 205),
    ("mimetype not first", lambda p: repacked(p, lambda e: e.append(e.pop(0))), 205),
    ("an entry more", lambda p: repacked(p, lambda e: e.append(("x.txt", b""))), 202),
    ("an attachment more", lambda p: with_attachment(p), 202),
    ("no envelope", lambda p: repacked(p, lambda e: e.remove(named(e, "envelope.json"))), 202),
    ("no signature", lambda p: repacked(p, lambda e: e.pop(2)), 202),
    ("no body", lambda p: repacked(p, lambda e: e.remove(named(e, "content/body.pdf"))), 202),
    ("another body", lambda p: replaced(p, "content/body.pdf", PDF), 210),
    ("another digest list", lambda p: replaced(p, packages.DIGESTS, b""), 210),
    ("spaces in the JSON", lambda p: replaced(p, "metadata.json", b"{} "), 200),
    ("signature of nothing", lambda p: replaced(p, packages.SIGNATURE, b"\x30\x00"), 211),
]


def named(entries: list[container.Entry], name: str) -> container.Entry:
    return next(entry for entry in entries if entry[0] == name)


def replaced(package: bytes, name: str, data: bytes) -> bytes:
    return container.write([(n, data if n == name else d) for n, d in container.read(package)])


def with_attachment(package: bytes) -> bytes:
    head, rest = container.read(package)[:3], container.read(package)[3:]
    return container.write([*head, *sorted([*rest, ("content/attachments/02-x.txt", b"x")])])


@pytest.mark.parametrize(
    ("change", "number"), [row[1:] for row in CONTAINERS], ids=[row[0] for row in CONTAINERS]
)
def test_containers_that_are_refused(
    zhangye: Office, package: bytes, change: Callable[[bytes], bytes], number: int
):
    platform, alone = both(change(package), zhangye)
    assert platform == number
    assert alone == number


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


ENVELOPES: list[tuple[dict[str, Any], int]] = [
    ({"classification": "秘密"}, 217),
    ({"suite": "rsa-verify-1"}, 214),
    ({"format": "GWJH-2"}, 200),
    ({"kind": "gift"}, 200),
    ({"kind": "void"}, 200),
    ({"msg_id": "1"}, 200),
    ({"recipients": []}, 200),
    ({"recipients": [{"unit": "a", "role": "主送", "copies": 1}] * 2}, 200),
    ({"recipients": [{"unit": "a", "role": "密送", "copies": 1}]}, 200),
    ({"recipients": [{"unit": "a", "role": "主送", "copies": -1}]}, 200),
    ({"sender": {"unit": UNIT}}, 200),
    ({"created_at": "2026-11-22"}, 200),
    ({"sign_by": ""}, 200),
    ({"urgency": "很急"}, 200),
    ({"schema": True}, 200),
    ({"surprise": 1}, 200),
    ({"content": {}}, 202),
    ({"type": "documents"}, 200),
    ({"created_at": stamp(now() + timedelta(days=2))}, 203),
]


def unchecked(zhangye: Office, monkeypatch: pytest.MonkeyPatch, **parts: Any) -> bytes:
    """A package whose producer does not check what it writes."""
    with monkeypatch.context() as patch:
        patch.setattr(packages, "_check", lambda contents: None)
        return zhangye.package(zhangye.contents(**parts))


@pytest.mark.parametrize(("change", "number"), ENVELOPES)
def test_envelopes_that_are_refused(
    zhangye: Office, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], number: int
):
    data = unchecked(zhangye, monkeypatch, envelope=change)
    assert both(data, zhangye) == (number, number)


@pytest.mark.parametrize(
    ("metadata", "number"),
    [
        ({"密级和保密期限": "机密★1年"}, 217),
        ({"colour": "red"}, 200),
        ({"标题": "x" * (1 << 20)}, 216),
    ],
)
def test_metadata_that_are_refused(
    zhangye: Office, monkeypatch: pytest.MonkeyPatch, metadata: dict[str, Any], number: int
):
    data = unchecked(zhangye, monkeypatch, metadata=metadata)
    assert both(data, zhangye) == (number, number)


def test_metadata_may_say_that_nothing_is_classified(zhangye: Office):
    contents = zhangye.contents(metadata={"密级和保密期限": "无", "juyan:phase": "formal"})
    assert both(zhangye.package(contents), zhangye) == (100, 100)


def changed_act(verb: str, **changes: Any) -> dict[str, Any]:
    return {"acts": {f"documents.{verb}": changes}}


OTHER = canonical.digest(b"other")
CONTENTS: list[tuple[str, dict[str, Any], int]] = [
    ("no sign-off", {"acts": {"documents.sign_off": None}}, 218),
    ("no number", {"acts": {"documents.assign_number": None}}, 218),
    ("no seal act", {"acts": {"documents.seal": None}}, 218),
    ("dispatch of another file", changed_act("dispatch", sealed=OTHER), 218),
    ("dispatch of another envelope", changed_act("dispatch", envelope=OTHER), 218),
    ("seal on another file", changed_act("seal", pdf=OTHER), 218),
    ("seal without a size", changed_act("seal", pdf_size=0), 218),
    ("seal with a size of true", changed_act("seal", pdf_size=True), 218),
    (
        "sign-off of another document",
        changed_act("sign_off", _act={"object": {"uid": "other"}}),
        218,
    ),
    ("sign-off of nothing", changed_act("sign_off", _act={"object": None}), 218),
    ("dispatched by another organ", {"organ": "620702"}, 300),
    ("a body without a seal", {"body": PDF + b"%"}, 219),
    ("a sender who is not the signer", {"envelope": {"sender": None}}, 300),
]


@pytest.mark.parametrize(
    ("parts", "number"), [row[1:] for row in CONTENTS], ids=[row[0] for row in CONTENTS]
)
def test_contents_that_are_refused(zhangye: Office, parts: dict[str, Any], number: int):
    if parts.get("envelope"):
        person = {"unit": "620702", "name": "甘州区", "office": "o", "person": "p"}
        parts = {"envelope": {"sender": person}}
    data = zhangye.package(zhangye.contents(**parts))
    assert both(data, zhangye) == (number, number)


def test_signatures_that_are_refused(zhangye: Office):
    contents = zhangye.contents()
    seals = {"key": zhangye.seal_key, "cert": zhangye.seal}
    key, cert = zhangye.certified("exchange", "620702")
    for changes, number in (
        ({"act_digest": OTHER}, 218),
        ({"act_digest": None}, 218),
        (seals, 212),
        ({"key": key}, 211),
        ({"key": key, "cert": cert}, 300),
        ({"signing_time": now() + timedelta(days=3)}, 203),
        ({"signing_time": now() - timedelta(days=3)}, 212),
    ):
        assert both(zhangye.package(contents, **changes), zhangye) == (number, number), changes


def test_a_revoked_exchange_key_is_refused_from_then_on(zhangye: Office):
    serial = zhangye.exchange.serial_number
    for when, number in ((now() - timedelta(minutes=9), 213), (now() + timedelta(hours=1), 100)):
        crl = x509.make_crl(zhangye.issuers["exchange"], [(serial, when)], 1)
        trust = [*zhangye.trust, x509.pem(crl)]
        contents = replace(zhangye.contents(), trust=trust)
        assert both(zhangye.package(contents), zhangye) == (number, number)


def test_seals_that_are_refused(zhangye: Office):
    stranger = Office()
    twice = zhangye.sealed[:-1] + b"\n% added afterwards\n"
    second = zhangye.seal_pdf(zhangye.sealed)
    for body, number in (
        (zhangye.seal_pdf(PDF, "620702"), 219),
        (stranger.sealed, 219),
        (twice, 219),
        (zhangye.sealed.replace(b"/ByteRange", b"/ByteRangf"), 219),
        (second, 100),
        (stranger.seal_pdf(zhangye.sealed), 219),
    ):
        data = zhangye.package(zhangye.contents(body=body))
        assert both(data, zhangye) == (number, number)


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
        assert 100 not in both(data, zhangye)


def test_a_message_id_is_a_uuid7(zhangye: Office):
    contents = zhangye.contents(envelope={"kind": "supersede", "refers_to": uuid7()})
    assert both(zhangye.package(contents), zhangye) == (100, 100)
