"""Signed things that are right but for one or two of their parts, signed anew by the proper key.

What nobody signed is refused at the signature; only these reach what stands behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509 as cryptography_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from kernel.crypto import acts_batch, canonical, certs, der, suites, webauthn, x509
from kernel.crypto.ids import now, stamp
from kernel.errors import OfficeError
from tests.crypto.test_acts_batch import acts_of, records_of
from tests.crypto.test_acts_grants import pair
from tests.exchange_format.corpus.certificates import CONSTRAINTS, certificate
from tests.exchange_format.corpus.lists import DELTA, ONLY_USERS
from tests.exchange_format.sample import START, Office
from tests.fuzz import mutating
from tests.fuzz.mutating import Luck
from tests.webauthn.token import Token

DAY = timedelta(days=1)
TAKEN_BACK, LATER = 78, 79
"""Serial numbers on the lists of :func:`lists`: taken back before, and after, it is looked at."""


@cache
def office() -> Office:
    """One formal office, and what all parsers of signed things share."""
    return Office()


@cache
def token(algorithm: str = "ES256") -> Token:
    """A security key."""
    return Token(algorithm=algorithm)


@cache
def odd_keys() -> list[Any]:
    """Private keys of kinds that suite ``intl-1`` does not use."""
    return [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()]


# ------------------------------------------------------------------------- certificates and lists


@cache
def below_the_root() -> tuple[x509.Issuer, ...]:
    """Authorities that the root did issue, and that lack a usage, or that of signing lists."""
    root, made = office().root, []
    for usage in (None, "key_cert_sign"):
        key = suites.new_key()
        name = x509.Subject(f"authority with {usage}", "x").name(demo=False)
        builder = cryptography_x509.CertificateBuilder(root.cert.subject, name, key.public_key())
        builder = builder.serial_number(99).not_valid_before(START).not_valid_after(START + DAY)
        if usage:
            wanted = certificate(office(), key, usage=usage).extensions
            held = wanted.get_extension_for_class(cryptography_x509.KeyUsage).value
            builder = builder.add_extension(held, critical=True)
        made.append(x509.Issuer(key, builder.sign(root.key, hashes.SHA256())))
    return tuple(made)


def authorities() -> list[x509.Certificate]:
    """All that the root has issued."""
    return [issuer.cert for issuer in (*office().issuers.values(), *below_the_root())]


@cache
def lists() -> list[x509.Crl]:
    """A list of each authority; see :data:`TAKEN_BACK`."""
    numbers = [(TAKEN_BACK, START), (LATER, START + DAY)]
    return [
        x509.make_crl(issuer, numbers, 1, this_update=START) for issuer in office().issuers.values()
    ]


USAGES = ("key_agreement", "digital_signature", "content_commitment", "key_cert_sign", "")
WRONG_CERTIFICATE: dict[str, Sequence[Any]] = {
    "purposes": ((), ("seals",), ("exchange",), ("people", "nodes")),
    "start": (START + DAY,),
    "end": (START + timedelta(seconds=1),),
    "usages": (None, ("1.3.6.1.5.5.7.3.1",), ("1.3.6.1.5.5.7.3.4",)),
    "usage": USAGES,
    "ca": (True, None),
    "more": ((CONSTRAINTS,),),
    "algorithm": (hashes.SHA384(),),
    "unit": ("620702",),
    "serial": (TAKEN_BACK, LATER),
    "demo": (True,),
}


def near_certificate(luck: Luck) -> bytes:
    """A certificate that says nothing wrong, or one or two things."""
    one, purpose = office(), luck.choice(("exchange", "seals", "nodes"))
    said: dict[str, Any] = {"purposes": (purpose,), "issuer": one.issuers[purpose]}
    for name in luck.sample(sorted(WRONG_CERTIFICATE), luck.choice((0, 1, 1, 1, 2))):
        said[name] = luck.choice(WRONG_CERTIFICATE[name])
    key, what = one.exchange_key, luck.randrange(12)
    if what == 0:
        key = luck.choice(odd_keys())
    elif what == 1:
        said["issuer"] = luck.choice((one.root, *one.issuers.values(), *below_the_root()))
    made = certificate(one, key, **said)
    if what == 2:  # its own issuer
        made = certificate(one, key, **said | {"issuer": x509.Issuer(key, made)})
    data = certs.der(made)
    if what == 3:  # a serial number that RFC 5280 forbids
        number = said.get("serial", 77)
        data = data.replace(bytes((2, 1, number)), luck.choice((b"\2\1\0", b"\2\1\xff")), 1)
    return data


def near_crl(luck: Luck) -> bytes:
    """A list of an authority that says nothing wrong, or something."""
    one = office()
    issuers = [one.issuers["exchange"]] * 6 + [one.root, one.issuers["seals"], *below_the_root()]
    issuers += [x509.Issuer(one.exchange_key, one.issuers["exchange"].cert)]
    issuers += [x509.Issuer(one.exchange_key, one.exchange)]
    issuer = luck.choice(issuers)
    start = START + luck.choice((-DAY, -30 * DAY, DAY, 0 * DAY))
    builder = cryptography_x509.CertificateRevocationListBuilder(issuer.cert.subject)
    builder = builder.last_update(start).next_update(start + luck.choice((7 * DAY, 2 * DAY)))
    for number in luck.choice(([], [5], [one.exchange.serial_number], [5, 2**150])):
        when = START + luck.choice((-DAY, DAY))
        entry = cryptography_x509.RevokedCertificateBuilder(number, when)
        if luck.randrange(4) == 0:
            reason = cryptography_x509.CRLReason(cryptography_x509.ReasonFlags.key_compromise)
            entry = entry.add_extension(reason, critical=luck.randrange(2) == 0)
        builder = builder.add_revoked_certificate(entry.build())
    if luck.randrange(4) == 0:
        extension = luck.choice((DELTA, ONLY_USERS, cryptography_x509.CRLNumber(3)))
        builder = builder.add_extension(extension, critical=luck.randrange(2) == 0)
    algorithm = hashes.SHA384() if luck.randrange(8) == 0 else hashes.SHA256()
    made = builder.sign(issuer.key, algorithm)
    return _without_end(made, issuer) if luck.randrange(8) == 0 else certs.pem(made)


def _without_end(crl: x509.Crl, issuer: x509.Issuer) -> bytes:
    """The list with no word on when the next one comes, which RFC 5280 lets nobody leave out."""
    (whole,) = der.parse(crl.public_bytes(serialization.Encoding.DER))
    said, algorithm, _ = whole.items()
    parts = [part.raw for part in said.items()]
    plain = der.sequence(*parts[:4], *parts[5:])
    value = der.tlv(3, b"\0" + suites.sign(issuer.key, plain))
    data = der.sequence(plain, algorithm.raw, value)
    return certs.pem(cryptography_x509.load_der_x509_crl(data))


# ------------------------------------------------------------------------------------------ acts


def by_security_key(algorithm: str, act: bytes = b"", **changes: Any) -> bytes:
    """The record of an act signed with a security key. :param changes: of its statement."""
    one, key = office(), token(algorithm)
    act = act or one.act("documents.sign_off", {}, origin=key.origin)
    usual = {"kind": "webauthn", "public_key": canonical.b64(key.spki), "webauthn": key.binding}
    value = canonical.b64(key.over(act))
    return one.record(
        act,
        signature={"kind": "webauthn", "value": value},
        credential=one.statement(**usual | changes),
    )


def near_act(luck: Luck, verb: str = "documents.sign_off") -> bytes:
    """A record of an act that says one thing otherwise, everything signed by whom it should be."""
    try:
        return luck.choice(_ACTS)(luck, verb)
    except OfficeError:  # of what cannot be written canonically, so that nobody can sign it
        return mutating.bytes_of(luck, office().record(office().act(verb, {})))


def _plain(luck: Luck, verb: str) -> bytes:
    one = office()
    act = one.act(verb, {}, **luck.choice(_CHANGES)(luck))
    return one.record(act) if luck.randrange(2) else by_security_key("ES256", act)


def _stated(luck: Luck, verb: str) -> bytes:
    """Another statement about the key."""
    one = office()
    act = one.act(verb, {})
    name, values = luck.choice(sorted(_STATEMENTS.items()))
    change = {name: luck.choice(values)}
    if luck.randrange(2):
        return one.record(act, credential=one.statement(**change))
    act = one.act(verb, {}, origin=token().origin)
    return by_security_key("ES256", act, **change)


def _bound(luck: Luck, verb: str) -> bytes:
    """Another binding in the statement about a security key, or another origin."""
    key = token(luck.choice(("ES256", "EdDSA")))
    name, values = luck.choice(sorted(_BINDINGS.items()))
    origin = luck.choice((key.origin, key.origin, "http://other"))
    binding: Any = key.binding | {name: luck.choice(values)}
    if luck.randrange(6) == 0:
        binding = luck.choice(([], {}, None, "x", {"alg": "ES256"}))
    return by_security_key(
        key.algorithm, office().act(verb, {}, origin=origin), webauthn=binding
    )  # fmt: skip


def _spoken(luck: Luck, verb: str) -> bytes:
    """Signed by a security key over client data, or with flags, that nobody may sign."""
    key = token(luck.choice(("ES256", "EdDSA")))
    act = office().act(verb, {}, origin=key.origin)
    client = odd_client(luck, key.client_data("webauthn.get", webauthn.challenge_of(act)))
    said = key.authenticator_data()
    if luck.randrange(2):
        said = said[:32] + bytes([luck.choice((0, 1, 4, 5, 0x45, 0x85, 0xFF))]) + said[33:]
    if luck.randrange(4) == 0:
        said = luck.choice((said[:-1], said + b"\xa0", b"", bytes(32) + said[32:]))
    value = webauthn.Assertion(said, client, key.sign(said + hashlib.sha256(client).digest()))
    fields = canonical.loads(by_security_key(key.algorithm, act))
    signature = {"kind": "webauthn", "value": canonical.b64(value.to_bytes())}
    return canonical.dumps(fields | {"signature": signature})


def odd_client(luck: Luck, data: bytes) -> bytes:
    """What the browser wrote, or something near it."""
    what = luck.randrange(8)
    if what == 0:
        return luck.choice((b"[]", b"{}", b"\xff", b"5", data[:-1] + b',"type":"webauthn.get"}'))
    if what < 4:
        said = json.loads(data)
        said |= luck.choice((
            {"crossOrigin": True}, {"topOrigin": "x"}, {"origin": "http://other"}, {"type": "x"},
            {"challenge": "\ud800"}, {"challenge": 5}, {"origin": ["http://testserver"]}, {"x": 1},
            {"type": "webauthn.create"}, {"type": None}, {"challenge": "AAAA"},
        ))  # fmt: skip
        return json.dumps(said).encode()
    return data


def _batched(luck: Luck, verb: str) -> bytes:
    """Of a batch whose statement says something else."""
    one = office()
    acts = acts_of(one, luck.choice((1, 2, 5)), verb)
    said = canonical.loads(acts_batch.compose(acts, canonical.b64(bytes(32))))
    said[luck.choice(sorted(said))] = mutating.kin(luck, said[luck.choice(sorted(said))])
    if luck.randrange(2):
        name = luck.choice(("issued", "expires", "count", "root", "v", "node"))
        said[name] = mutating.kin(luck, said[name])
    return luck.choice(records_of(one, acts, canonical.dumps(said)))


def _for_somebody(luck: Luck, verb: str) -> bytes:
    """In somebody else's name, with a grant that says something else."""

    def change(fields: dict[str, Any]) -> None:
        where = fields[luck.choice(("params", "desk"))] or fields if luck.randrange(2) else fields
        name = luck.choice(sorted(where))
        where[name] = mutating.kin(luck, where[name])

    mode, what = luck.choice(("delegated", "transcribed")), luck.randrange(3)
    grant, act = change if what != 1 else dict, change if what != 0 else dict
    return pair(office(), mode, grant=grant, act=act)


def _with_grant(luck: Luck, verb: str) -> bytes:
    """A grant beside an act that needs none, or none beside one that does."""
    with_one = canonical.loads(pair(office(), "delegated"))
    grant = with_one.pop("grant")
    if luck.randrange(2):
        return canonical.dumps(with_one)
    own = canonical.loads(office().record(office().act(verb, {})))
    return canonical.dumps(own | {"grant": luck.choice((grant, "", own["act"]))})


_TIMES = [stamp(now() + days * DAY) for days in (-900, -1, 0, 1, 40, 4000)]
_CHANGES: list[Callable[[Luck], dict[str, Any]]] = [
    lambda luck: {"issued": luck.choice(_TIMES)},
    lambda luck: {"expires": luck.choice(_TIMES)},
    lambda luck: {"issued": luck.choice(_TIMES), "expires": luck.choice(_TIMES)},
    lambda luck: {"suite": luck.choice(("intl-0", "gm-1", "rsa-verify-1", "", 5))},
    lambda luck: {"mode": luck.choice(("delegated", "transcribed", "node", "x", None))},
    lambda luck: {"acting_for": luck.choice(({}, {"person": "x"}, "x"))},
    lambda luck: {"grant": luck.choice(("x", "", {}))},
    lambda luck: {"desk": luck.choice(({}, {"organ": "620700-SWB"}, {"person": "p"}, [], None))},
    lambda luck: {"object": luck.choice((None, {}, [], {"uid": "x"}, "x", {"uid": 5}))},
    lambda luck: {"credential": luck.choice(("x", "", None)), "node": "node-1"},
    lambda luck: {"node": luck.choice(("node-2", "", 5))},
    lambda luck: {"origin": luck.choice(("http://other", "", None, 5))},
    lambda luck: {"v": luck.choice((0, 2, "1", True))},
    lambda luck: {"params": luck.choice(({}, [], None, {"opinion": {"salted": "x"}}))},
    lambda luck: {"extra": luck.choice((1, None, "x"))},
]
_STATEMENTS: dict[str, Sequence[Any]] = {
    "format": ("juyan-credential-2", ""),
    "node": ("node-2", ""),
    "person": ("x", ""),
    "credential": ("x", ""),
    "kind": ("soft", "webauthn", "node", "x"),
    "suite": ("gm-1", "intl-0", ""),
    "not_before": (*_TIMES, "x", ""),
    "not_after": (*_TIMES, "x", ""),
    "demo": (True, "x", 1, None),
    "public_key": ("", "AAAA", "x"),
    "name": ("", 5, "王"),
}
_BINDINGS: dict[str, Sequence[Any]] = {
    "alg": ("ES256", "EdDSA", "RS256", "", 5, None),
    "credential_id": ("", "x", 5, "AAAA"),
    "rp_id": ("other", "", 5, None),
    "origins": ([], "x", [5], ["http://other"], None, ["http://testserver", 5]),
    "more": (1,),
}
_ACTS: list[Callable[[Luck, str], bytes]] = [
    *(_plain, _plain, _stated, _bound, _spoken, _batched, _for_somebody, _for_somebody),
    _with_grant,
]


def kin_or_any(luck: Luck, value: Any) -> Any:
    """The value with one member exchanged for another of its kind, or changed in any way."""
    return mutating.kin_json(luck, value) if luck.randrange(3) else mutating.json_of(luck, value)


def written(luck: Luck, value: Any) -> bytes:
    """As canonical JSON where it can be, else in another way."""
    try:
        return canonical.dumps(value)
    except OfficeError:
        return mutating.loose_json(luck, value)
