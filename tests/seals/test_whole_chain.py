"""What the signer makes is what every verifier accepts: the whole way of a document."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kernel.crypto import x509
from kernel.crypto.canonical import digest, dumps
from kernel.crypto.ids import now, stamp, uuid7
from kernel.exchange import package as packages
from kernel.exchange.package import Contents
from kernel.exchange.verdict import examine
from kernel.settings import ROOT
from tests.seals.founding import NAMES, NUMBER, ORGAN, OTHER, Founding, Paper


def _nothing_revoked(node: Founding, name: str) -> bytes:
    """The list of an authority that has taken nothing back."""
    return x509.pem(x509.make_crl(node.authority.issuer(name), [], 1, this_update=now(), days=7))


def package(node: Founding, paper: Paper) -> bytes:
    """Seal, dispatch and pack the paper, with everything that the signer signs."""
    request = paper.request()
    body = node.signer.seal(ORGAN, **request)["pdf"]
    metadata = {"标题": "通知", "发文字号": NUMBER}
    envelope = {
        "format": "GWJH-1",
        "suite": "intl-1",
        "msg_id": uuid7(),
        "kind": "dispatch",
        "refers_to": None,
        "sender": {"unit": ORGAN, "name": NAMES[ORGAN], "office": "秘书科", "person": "某人"},
        "recipients": [{"unit": OTHER, "role": "主送", "copies": 1}],
        "urgency": "平件",
        "sign_by": None,
        "do_by": None,
        "classification": "none",
        "type": "documents.document",
        "schema": 1,
        "policy_id": "juyan-1",
        "created_at": stamp(now()),
        "content": packages.content_digests(metadata, body),
    }
    params = {"envelope": digest(dumps(envelope)), "sealed": digest(body)}
    act = node.act(node.leader, "documents.dispatch", paper.target, params)
    earlier = [request[f"{name}_act"] for name in ("sign_off", "number", "seal")]
    names = ("people", "seals", "exchange")
    trust = [
        *map(node.authority.pem, names),
        *(_nothing_revoked(node, one) for one in ("root", *names)),
    ]
    contents = Contents(envelope, metadata, body, acts=[*earlier, act], trust=trust)
    manifest = packages.manifest_of(contents)
    signature = node.signer.sign_manifest(ORGAN, act, dumps(envelope), manifest)
    return packages.assemble(contents, manifest, signature)


def test_a_package_of_the_signers_making_is_true(
    node: Founding, paper: Paper, tmp_path: Path
) -> None:
    made = package(node, paper)
    root = node.authority.certificate("root")
    verdict = examine(made, [root])
    assert verdict.ok, verdict.refusal
    assert verdict.level == "demo"
    file, anchor = tmp_path / "p.asice", tmp_path / "root.pem"
    file.write_bytes(made)
    anchor.write_bytes(x509.pem(root))
    verifier = ROOT / "kernel" / "exchange" / "verify.py"
    command = [sys.executable, str(verifier), str(file), "--root", str(anchor)]
    said = subprocess.run(command, capture_output=True, check=False)
    assert said.returncode == 0, said.stdout.decode()
