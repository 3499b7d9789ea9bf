"""A node that was just founded: certificates, people with keys, one organ with its seal."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from kernel.crypto import suites
from kernel.crypto.canonical import b64, digest, dumps, loads, unb64
from kernel.crypto.ids import now, stamp, uuid7
from kernel.identity import authority as authorities
from kernel.identity.authority import Authority
from kernel.identity.models import Unit
from kernel.seals import content as contents
from kernel.seals import signer_client
from kernel.seals.custody import Commission, make_seals
from kernel.seals.models import Seal
from kernel.seals.signer_client import Signer
from kernel.work.sheet import Sheet
from kernel.work.workshop import Typeset

ORGAN, OTHER = "620700-CPCO", "620700-GOVO"
NAMES = {ORGAN: "中共张掖市委办公室", OTHER: "张掖市人民政府办公室"}
NODE = "node-1"
NUMBER = "市委办发〔2026〕91号"
SHEET = Sheet(
    title="中共张掖市委办公室关于统一使用协同办公系统有关事宜的通知",
    body=("根据市委、市政府的要求，现就有关事宜通知如下。", "一、统一使用，按期完成。"),
    issuer_banner="中共张掖市委办公室文件",
    number=NUMBER,
    main_recipients="各县（区）委：",
    signature=("中共张掖市委办公室",),
    issue_date="2026年11月22日",
    cc=("市人大常委会办公室",),
    demo=True,
)
CONTENT = contents.content_of(
    title=SHEET.title,
    main=["620702-CPC"],
    main_text=SHEET.main_recipients,
    body=SHEET.body,
    cc=SHEET.cc,
)


@dataclass(frozen=True)
class Person:
    """Somebody with a key of his own, certified by an authority."""

    uid: str
    name: str
    credential: str
    key: suites.PrivateKey
    statement: bytes
    signature: bytes

    def sign(self, act: dict[str, Any]) -> bytes:
        """The record of an act."""
        data = dumps(act)
        record = {
            "format": "juyan-act-1",
            "act": b64(data),
            "signature": {"kind": "soft", "value": b64(suites.sign(self.key, data))},
            "credential": {"statement": b64(self.statement), "signature": b64(self.signature)},
            "private": {},
        }
        return dumps(record)


class Founding:
    """The node in a folder, with helpers to make acts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "keys").mkdir(parents=True)
        self.authority = Authority.create(folder / "keys", "张掖市", demo=True)
        self.signer = Signer(folder)
        self.keeper = self.admit("保管人")
        self.leader = self.admit("签发人")
        self.seals: dict[str, Seal] = {}

    def admit(self, name: str, authority: Authority | None = None) -> Person:
        """A person, certified by this node's people's authority or by another one."""
        key, uid, credential = suites.new_key(), uuid7(), uuid7()
        said = dumps(
            {
                "format": "juyan-credential-1",
                "node": NODE,
                "credential": credential,
                "person": uid,
                "name": name,
                "kind": "soft",
                "suite": "intl-1",
                "public_key": suites.public_b64(key),
                "not_before": stamp(now() - timedelta(hours=1)),
                "not_after": stamp(now() + timedelta(days=1)),
                "demo": True,
            }
        )
        issuer = (authority or self.authority).issuer("people")
        return Person(uid, name, credential, key, said, suites.sign(issuer.key, said))

    def issue_seals(self, codes: tuple[str, ...] = (ORGAN, OTHER)) -> None:
        """Make the seals of the organs; the keeper keeps them."""
        authorities.authority.fill(self.authority)
        signer_client.signer.fill(self.signer)
        try:
            made = make_seals([Commission(unit(code), (self.keeper.uid,)) for code in codes])
        finally:
            authorities.authority.clear()
            signer_client.signer.clear()
        self.seals |= {str(seal.unit): seal for seal in made}

    def act(
        self,
        person: Person,
        verb: str,
        target: dict[str, Any],
        params: dict[str, Any] | None = None,
        *,
        organ: str = ORGAN,
        **other: Any,
    ) -> bytes:
        """The record of a signed act at the organ's desk."""
        fields = {
            "v": 1,
            "suite": "intl-1",
            "node": NODE,
            "act": uuid7(),
            "verb": verb,
            "schema": 1,
            "object": target,
            "desk": {"person": person.uid, "post": "post", "unit": organ, "organ": organ},
            "mode": "self",
            "acting_for": None,
            "grant": None,
            "params": params or {},
            "credential": person.credential,
            "origin": "http://localhost:8000",
            "nonce": b64(secrets.token_bytes(32)),
            "issued": stamp(now()),
            "expires": stamp(now() + timedelta(minutes=2)),
        }
        return person.sign(fields | other)

    def file(self, typeset: Typeset) -> Paper:
        """A document that was signed off and numbered, and waits for its seal."""
        place = typeset.placement
        assert place is not None
        params = {
            "pdf": digest(typeset.pdf),
            "pdf_size": len(typeset.pdf),
            "sheet": digest(dumps(SHEET.to_json())),
            "page": place.page,
            "x_um": round(place.x_mm * 1000),
            "y_um": round(place.y_mm * 1000),
            "certificate": loads(bytes(self.seals[ORGAN].statement))["certificate"],
            "seal": str(self.seals[ORGAN].uid),
            "number": NUMBER,
        }
        target = {
            "kind": "documents.document",
            "uid": uuid7(),
            "version": 3,
            "digest": contents.digest_of(CONTENT),
        }
        return Paper(self, target, params)


@dataclass(frozen=True)
class Paper:
    """What is asked of the signer for one document; ``with_`` makes a variant."""

    node: Founding
    target: dict[str, Any]
    params: dict[str, Any]

    def seal_act(self, person: Person | None = None, **changes: Any) -> bytes:
        """The keeper's act, with other params where given."""
        params = {k: v for k, v in (self.params | changes).items() if v is not None}
        return self.node.act(person or self.node.keeper, "documents.seal", self.target, params)

    def request(self, **changes: Any) -> dict[str, Any]:
        """The arguments of :meth:`Signer.seal`."""
        node = self.node
        arguments: dict[str, Any] = {
            "seal_act": self.seal_act(),
            "sign_off_act": node.act(node.leader, "documents.sign_off", self.target),
            "number_act": node.act(
                node.leader, "documents.assign_number", self.target, {"number": NUMBER}
            ),
            "content": CONTENT,
            "sheet": SHEET.to_json(),
        }
        return arguments | changes

    def about(self, **changes: Any) -> Paper:
        """The same with another object."""
        return replace(self, target=self.target | changes)


def unit(code: str) -> Unit:
    """An organ."""
    name = NAMES[code]
    return Unit(code=code, name=name, short_name=name, kind="office_party", organ=code)


def tampered(record: bytes, **changes: Any) -> bytes:
    """A record whose act says something else than what was signed."""
    fields = loads(record)
    fields["act"] = b64(dumps(loads(unb64(fields["act"])) | changes))
    return dumps(fields)
