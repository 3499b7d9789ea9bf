"""The portable form of a signed act, and how anybody checks it offline.

A record is canonical JSON::

    {"format": "juyan-act-1",
     "act": base64 of the signed bytes (canonical JSON as well),
     "signature": {"kind": "soft" | "webauthn" | "node" | "batch+…", "value": base64},
     "credential": {"statement": base64, "signature": base64} | {"node_certificate": PEM},
     "private": {name: {"salt": base64, "text": text}}}

``value`` is a DER ECDSA signature over the signed bytes, or for ``webauthn`` an assertion
(:mod:`kernel.crypto.webauthn`); for ``batch+soft`` and the like it is the place in a batch
(:mod:`kernel.crypto.acts_batch`). ``credential.statement`` says who holds which public key; the
people's authority of the node has signed it. ``private`` opens parameters of the form
``{"salted": digest}`` for those who may read them; the others stay closed. An act in somebody
else's name has one member more, ``grant`` (:mod:`kernel.crypto.acts_grants`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct

from kernel.crypto import acts_batch, acts_grants, suites, x509
from kernel.crypto.canonical import check_salted, digest, loads, unb64
from kernel.crypto.credential_format import KINDS, read_statement, verify_signature
from kernel.crypto.ids import parse_stamp
from kernel.crypto.memory import remembered
from kernel.errors import Invalid, Unverified

ACT_FORMAT = "juyan-act-1"
_ACT_KEYS = {
    *("v", "suite", "node", "act", "verb", "schema", "object", "desk", "mode", "acting_for"),
    *("grant", "params", "credential", "origin", "nonce", "issued", "expires"),
}


class ActFacts(Struct, frozen=True):
    """What a verified record proves."""

    act: Mapping[str, Any]
    """The decoded act."""
    digest: str
    """``sha256:<hex>`` of the signed bytes."""
    issued: datetime
    signer: str
    """The name of the person, or the common name of the node's certificate."""
    by_node: bool
    private: Mapping[str, str]
    """The opened texts."""
    demo: bool
    chain: Sequence[x509.Certificate] = ()
    """From the people's authority, or the node's certificate, to the root."""
    batched: bool = False
    """Whether one signature stands for several acts; never so for sign-off or seal."""

    @property
    def own(self) -> bool:
        """Whether the person acted in his own name."""
        return bool(self.act["mode"] == "self")

    @property
    def verb(self) -> str:
        """For instance ``documents.dispatch``."""
        return str(self.act["verb"])

    @property
    def params(self) -> dict[str, Any]:
        """Every argument of the act."""
        params: dict[str, Any] = self.act["params"]
        return params

    @property
    def object_uid(self) -> str | None:
        """The uid of the object that was acted upon."""
        target = self.act["object"]
        return target.get("uid") if target else None

    @property
    def organ(self) -> str:
        """The code of the organ whose desk it was."""
        return str(self.act["desk"].get("organ", ""))


class _Signer(NamedTuple):
    name: str
    chain: Sequence[x509.Certificate]
    check: Callable[[bytes, bytes], None]
    """Raises Unverified unless it signed these bytes."""


def verify_record(record: bytes, trust: x509.Trust) -> ActFacts:
    """Check a record: form, signature, credential, times, opened texts.

    :param trust: the people's authority is found among its intermediates, and leads to a root.
    :raises Unverified: ``acts_format.form``, ``.credential``, ``.time``, ``.grant``,
        ``credentials.*``, ``suites.*``, ``webauthn.*``, ``x509.*``, ``canonical.salted``.
    """
    try:
        fields = loads(record)
        grant = fields.pop("grant", None)
        _expect(fields, {"format", "act", "signature", "credential", "private"})
        _expect(fields["signature"], {"kind", "value"})
        data, signature = unb64(fields["act"]), unb64(fields["signature"]["value"])
        act = _decode_act(data)
        issued = _check_times(act)
        private = _open_private(fields["private"], act["params"])
        stated = fields["signature"]["kind"]
        signed = acts_batch.unfold(stated, signature, data, act)
        kind, batched = signed.kind, signed.kind != stated
        if fields["format"] != ACT_FORMAT or kind not in (KINDS if batched else (*KINDS, "node")):
            raise _malformed()
        find = _node if kind == "node" else _person
        signer = find(kind, fields["credential"], act, issued, trust)
        suites.check_suite(act["suite"], issued)
        signer.check(signed.data, signed.value)
        _check_grant(act, grant, trust)
    except (Invalid, TypeError, KeyError, AttributeError, ValueError) as error:
        raise _malformed() from error
    by_node = kind == "node"
    return ActFacts(
        act=act,
        digest=digest(data),
        issued=issued,
        signer=signer.name,
        by_node=by_node,
        private=private,
        demo=x509.is_demo(signer.chain[-1]),
        chain=signer.chain,
        batched=batched,
    )


def _check_grant(act: Mapping[str, Any], grant: str | None, trust: x509.Trust) -> None:
    if not acts_grants.needs_grant(act):
        if grant is not None:
            raise _malformed()
        return
    if grant is None:
        raise _unverified("grant", "缺少委托证明", "the grant that it was done by is missing")
    given = verify_record(unb64(grant), trust)
    if given.by_node or given.batched or not acts_grants.covers(given.act, act):
        raise _unverified("grant", "委托不包括本次办理", "the grant does not cover it")


def _decode_act(data: bytes) -> dict[str, Any]:
    act: Any = loads(data)
    if not isinstance(act, dict) or not act.keys() >= _ACT_KEYS or act["v"] != 1:
        raise _malformed()
    for name in ("suite", "node", "act", "verb", "credential", "issued", "expires"):
        if type(act[name]) is not str:
            raise _malformed()
    for part in (act["params"], act["desk"], act["object"] or {}):
        if type(part) is not dict:
            raise _malformed()
    return act


def _check_times(act: Mapping[str, Any]) -> datetime:
    issued, expires = parse_stamp(act["issued"]), parse_stamp(act["expires"])
    if expires < issued:
        raise _unverified("time", "办理时间不合理", "the times of the act make no sense")
    return issued


def _open_private(private: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, str]:
    for name, opened in private.items():
        _expect(opened, {"salt", "text"})
        check_salted(params[name]["salted"], opened["salt"], opened["text"])
    return {name: opened["text"] for name, opened in private.items()}


def _person(
    kind: str,
    credential: Mapping[str, str],
    act: Mapping[str, Any],
    issued: datetime,
    trust: x509.Trust,
) -> _Signer:
    _expect(credential, {"statement", "signature"})
    holder = _holder(credential["statement"], credential["signature"], trust)
    statement = holder.statement
    chain = trust.chain(holder.authority, "people", issued, authority=True)
    if (statement["node"], statement["credential"]) != (act["node"], act["credential"]):
        raise _unverified("credential", "证明的不是本次所用证书", "it names another credential")
    if statement["person"] != act["desk"].get("person"):
        raise _unverified("credential", "证书持有人与办理人不符", "it belongs to another person")
    if not holder.start <= issued <= holder.end:
        raise _unverified("time", "办理时个人证书不在有效期内", "the credential was not valid then")
    if statement["demo"] and not x509.is_demo(chain[-1]):
        raise _unverified("credential", "演示证书不具有正式效力", "a demo key is no proof here")
    if kind == "webauthn" and act["origin"] not in statement["webauthn"]["origins"]:
        raise _unverified("credential", "办理网址与证书不符", "the key is not for that address")
    return _Signer(statement["name"], chain, partial(verify_signature, kind, statement))


class _Holder(NamedTuple):
    """Who holds a key, as an authority says: true at any time, whatever becomes of the key."""

    statement: Mapping[str, Any]
    authority: x509.Certificate
    start: datetime
    end: datetime


@remembered(1024)  # the same few people sign again and again
def _holder(statement: str, signature: str, trust: x509.Trust) -> _Holder:
    data, value = unb64(statement), unb64(signature)
    fields = read_statement(data)
    authority = _authority_of(data, value, trust)
    start, end = parse_stamp(fields["not_before"]), parse_stamp(fields["not_after"])
    return _Holder(fields, authority, start, end)


def _authority_of(data: bytes, signature: bytes, trust: x509.Trust) -> x509.Certificate:
    for cert in trust.intermediates:
        if x509.has_purpose(cert, "people") and _vouches(cert, data, signature):
            return cert
    raise _unverified("credential", "个人证书未经证书机构证明", "nobody vouches for the credential")


def _vouches(cert: x509.Certificate, statement: bytes, signature: bytes) -> bool:
    try:
        suites.verify(x509.public_key(cert), statement, signature)
    except Unverified:
        return False
    return True


def _node(
    kind: str,
    credential: Mapping[str, str],
    act: Mapping[str, Any],
    issued: datetime,
    trust: x509.Trust,
) -> _Signer:
    _expect(credential, {"node_certificate"})
    text = credential["node_certificate"]
    cert = x509.load_cert(text.encode())
    if x509.pem(cert).decode() != text:
        raise _malformed()
    if act["desk"].get("person"):
        raise _unverified("credential", "节点不能代替个人签名", "a node does not sign for a person")
    chain = trust.chain(cert, "nodes", issued)
    check = partial(suites.verify, x509.public_key(cert))
    return _Signer(x509.common_name(cert), chain, check)


def _expect(value: object, keys: set[str]) -> None:
    if not isinstance(value, dict) or value.keys() != keys:
        raise _malformed()


def _malformed() -> Unverified:
    return _unverified("form", "办理记录格式不对", "the record is malformed")


def _unverified(reason: str, zh: str, en: str) -> Unverified:
    return Unverified(
        f"acts_format.{reason}",
        f"办理动作无法验证：{zh}，请联系发出方。",
        f"The act cannot be verified: {en}; ask the sender.",
    )
