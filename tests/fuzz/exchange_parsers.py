"""What comes from other nodes and other units: containers, envelopes, evidence, whole packages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from msgspec.structs import replace

from kernel.crypto import canonical, cms, suites, x509
from kernel.crypto.ids import now, stamp
from kernel.errors import OfficeError
from kernel.exchange import container, envelope, evidence, verdict, verify
from kernel.exchange import package as packages
from kernel.exchange.history import check_history
from kernel.exchange.package import Contents
from tests.exchange_format.corpus import CASES
from tests.exchange_format.corpus.evidence import MAKINGS
from tests.exchange_format.corpus.headers import ENVELOPES, METADATA
from tests.exchange_format.corpus.making import Sample, listing_of, made, manifest_of
from tests.exchange_format.receipts import event, history
from tests.exchange_format.sample import Office
from tests.fuzz import mutating
from tests.fuzz.crypto_parsers import act_record, act_records, canonical_or_noise, element
from tests.fuzz.mutating import Luck
from tests.fuzz.running import Input, Parser, all_but
from tests.fuzz.signed import kin_or_any, near_act, office, written

MANIFEST, SIGNATURE = packages.MANIFEST, packages.SIGNATURE
FIXED = ("mimetype", MANIFEST, SIGNATURE)


@cache
def sent() -> list[bytes]:
    """Packages as a careful office makes them."""
    one = office()
    plain: dict[str, Any] = {"body": None, "payload": {"词": 1}, "attachments": ()}
    two = (("甲.txt", b"1"), ("乙.txt", b"2"))
    return [
        one.package(),
        one.package(one.contents(attachments=two)),
        one.package(one.contents(envelope={"type": "meetings.reply"}, **plain)),
    ]


@cache
def _case(number: int) -> Sample:
    """A package of the corpus of those that must be refused: each is made once."""
    return CASES[number].sample(office())


@cache
def _told(name: str) -> list[bytes]:
    """Evidence of the corpus, about the first package."""
    return list(MAKINGS[name](office(), packages.read(sent()[0])))


@cache
def records() -> list[bytes]:
    """Evidence about the first of them, alone and in batches."""
    one, about = office(), packages.read(sent()[0])
    facts = [event(about, "D1", "accepted", "delivered", recipient=unit) for unit in "abcde"]
    facts.append(event(about, "D2", "accepted", "failed", reasons=(evidence.Reason("301", "x"),)))
    batch = evidence.sign_batch(facts, one.node_key, one.node, one.trust)
    return [*history(one, about), *batch]


def _entries(luck: Luck) -> list[tuple[str, bytes]]:
    return list(container.read(luck.choice(sent())))


_NAMES = [
    *("../x", "a\\b", "/x", "a//b", "x ", " x", "x.", "META-INF/acts/009.json", "CON", "ﬁ", "a:b"),
    *("content/attachments/03-x", "content/attachments/01-x", "x\u202ey", "e\u0301", "a" * 300),
    *("envelope.json", "ENVELOPE.JSON", "content/payload.json", "META-INF/trust/009.pem", ""),
]


def _loose_zip(luck: Luck, entries: list[tuple[str, bytes]]) -> bytes:
    """A container whose entries were changed, with right sums, offsets and sizes."""
    at = luck.randrange(len(entries))
    name, data = entries[at]
    what = luck.randrange(6)
    if what == 0:
        entries[at] = (luck.choice(_NAMES), data)
    elif what == 1:
        del entries[at]
    elif what == 2:
        entries.insert(at, (luck.choice(_NAMES), luck.randbytes(5)))
    elif what == 3:
        entries = luck.sample(entries, len(entries))
    elif what == 4:
        entries += [(f"x{n}", b"") for n in range(luck.choice((1, 481, 600)))]
    else:
        entries[at] = (name, _changed_part(luck, name, data))
    return careless(entries)


def careless(entries: Sequence[tuple[str, bytes]]) -> bytes:
    """The strict ZIP without its checks of names and sizes."""
    pack, offset = container, 0
    body: list[bytes] = []
    directory: list[bytes] = []
    import zlib

    for name, data in entries:
        raw = name.encode("utf-8", "surrogatepass")
        sizes = pack._SIZES.pack(zlib.crc32(data), len(data), len(data), len(raw), 0)
        head = pack._LOCAL + sizes + raw
        body += [head, data]
        directory += [pack._CENTRAL, sizes, pack._PLACE.pack(0, 0, 0, pack._MODE, offset), raw]
        offset += len(head) + len(data)
    listing = b"".join(directory)
    count = len(entries)
    end = pack._END.pack(b"PK\5\6", 0, 0, count, count, len(listing), offset, 0)
    return b"".join([*body, listing, end])


def _changed_part(luck: Luck, name: str, data: bytes) -> bytes:
    if name.endswith(".json") and luck.randrange(4):
        value = mutating.json_of(luck, canonical.loads(data))
        try:
            return canonical.dumps(value)
        except OfficeError:
            return mutating.loose_json(luck, value)
    if name.endswith(".p7s") and luck.randrange(3):
        return element(luck, data, [data])
    return mutating.bytes_of(luck, data)


def _zip(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(8)
    if what == 0:
        return "free", mutating.noise(luck, (b"", b"PK\3\4", samples[0][:60]))
    if what < 4:
        return "changed", mutating.bytes_of(luck, luck.choice(samples), samples)
    return "changed", _loose_zip(luck, _entries(luck))


def _right_again(luck: Luck, entries: list[tuple[str, bytes]]) -> bytes:
    """After a change: digests, manifest and signature are made anew, so that the rest is read."""
    one = office()
    parts = {name: data for name, data in entries if name not in (*FIXED, packages.DIGESTS)}
    if luck.randrange(2) and packages.ENVELOPE_NAME in parts:
        parts[packages.ENVELOPE_NAME] = _right_envelope(parts)
    parts[packages.DIGESTS] = listing_of(parts)
    manifest = manifest_of(parts)
    what = luck.randrange(8)
    act = parts.get("META-INF/acts/004.json", b"")
    try:
        digest = canonical.digest(canonical.unb64(canonical.loads(act)["act"]))
    except (OfficeError, KeyError, TypeError):
        digest = "sha256:" + "ab" * 32
    key, cert = (one.exchange_key, one.exchange) if what else (one.seal_key, one.seal)
    above = [one.issuers["exchange" if what else "seals"].cert]
    days = luck.choice((0, 0, 0, 0, 2, -40))
    signature = cms.sign_detached(
        manifest, key, cert, above,
        signing_time=now() + timedelta(days=days), act_digest=luck.choice((digest, digest, None)),
    )  # fmt: skip
    head = [("mimetype", packages.MIMETYPE), (MANIFEST, manifest), (SIGNATURE, signature)]
    return careless([*head, *sorted(parts.items())])


def _other_envelope(luck: Luck, said: dict[str, Any]) -> Any:
    """The envelope with a value that it may not have, one of its kind, or anything."""
    what = luck.randrange(6)
    if what < 3:
        change, _ = luck.choice(list(ENVELOPES.values()))
        return said | (change if what else {"kind": "dispatch"} | change)
    if what == 3:
        return said | {luck.choice(sorted(said)): mutating.anything(luck)}
    if what == 4:
        return luck.choice(([said], None, "x", {}, 5))
    return kin_or_any(luck, said)


def _right_envelope(parts: dict[str, bytes]) -> bytes:
    try:
        said = canonical.loads(parts[packages.ENVELOPE_NAME])
        inside = {
            name: canonical.digest(data)
            for name, data in parts.items()
            if name.startswith(("content/", packages.METADATA_NAME))
        }
        return canonical.dumps(said | {"content": inside})
    except (OfficeError, TypeError):
        return parts[packages.ENVELOPE_NAME]


def _changed_entries(luck: Luck) -> list[tuple[str, bytes]]:
    entries = _entries(luck)
    at = luck.randrange(3, len(entries))
    name, data = entries[at]
    if name == packages.ENVELOPE_NAME:
        entries[at] = (name, written(luck, _other_envelope(luck, canonical.loads(data))))
    elif name == packages.METADATA_NAME and luck.randrange(2):
        entries[at] = (name, written(luck, luck.choice(list(METADATA.values()))[0]))
    elif name == packages.PAYLOAD and luck.randrange(2):
        entries[at] = (name, written(luck, luck.choice(([1], 5, None, "x", [], {}))))
    elif name.startswith("META-INF/acts/") and luck.randrange(3):
        _, changed = act_record(luck, [data])
        entries[at] = (name, changed)
    elif name == packages.BODY and luck.randrange(2):
        entries[at] = (name, _changed_pdf(luck, data))
    elif luck.randrange(4) == 0:
        entries[at] = (luck.choice(_NAMES), data)
    elif luck.randrange(20) == 0:
        entries += [(f"content/attachments/{n:02d}-x", b"") for n in range(4, 102)]
    elif luck.randrange(5) == 0:
        del entries[at]
    else:
        entries[at] = (name, _changed_part(luck, name, data))
    return entries


def _changed_pdf(luck: Luck, pdf: bytes) -> bytes:
    """The file with other byte ranges, or another hole."""
    import re

    found = list(re.finditer(rb"/ByteRange\s*\[\s*0 +(\d+) +(\d+) +(\d+)\s*\]", pdf))
    if not found or luck.randrange(3) == 0:
        return mutating.bytes_of(luck, pdf)
    match = luck.choice(found)
    number = luck.randrange(1, 4)
    value = str(luck.choice((*mutating.NUMBERS[:20], int(match[number]) + 1))).encode()
    return pdf[: match.start(number)] + value + pdf[match.end(number) :]


def _rebuilt(luck: Luck) -> bytes:
    """A package that our own office made, with something in it that is not as it should be."""
    one = office()
    days = timedelta(days=luck.choice((-90, -3, 3, 90)))
    changes: list[dict[str, Any]] = [
        {"envelope": {"created_at": stamp(now() + days), "sign_by": None}},
        {"envelope": {"sender": {"unit": "620702", "name": "x", "office": "y", "person": "z"}}},
        {"envelope": {"type": luck.choice(("meetings.reply", "documents.other", "x"))}},
        {"envelope": {luck.choice(sorted(one.envelope({}))): mutating.anything(luck)}},
        {"acts": {luck.choice(_VERBS): None}},
        {
            "acts": {
                luck.choice(_VERBS): {"_act": {"mode": luck.choice(("delegated", "node", "x"))}}
            }
        },
        {
            "acts": {
                luck.choice(_VERBS): {"_act": {"object": luck.choice((None, {}, {"uid": "x"}))}}
            }
        },
        {"acts": {luck.choice(_VERBS): {"_act": {"verb": "x.dispatch"}}}},
        {"acts": {luck.choice(_VERBS): {"_act": {"issued": stamp(now() + days)}}}},
        {"acts": {"documents.seal": {"pdf_size": luck.choice((0, -1, True, "x", 10**9, 5))}}},
        {"acts": {"documents.seal": {"pdf": luck.choice(("", 5, None))}}},
        {"acts": {"documents.dispatch": {luck.choice(("sealed", "envelope")): "x"}}},
        {"metadata": {luck.choice(("标题", "密级", "x:y", "x", "classification")): "机密"}},
        {"body": one.sealed + b"\n"},
        {"body": one.sealed[: luck.randrange(len(one.sealed))]},
        {"body": _changed_pdf(luck, one.sealed)},
        {"organ": "620702"},
        {"envelope": luck.choice(list(ENVELOPES.values()))[0]},
        {"metadata": luck.choice(list(METADATA.values()))[0]},
        {"acts": {luck.choice(_VERBS): {"_act": _of_another_desk(luck)}}},
        {"payload": luck.choice(({}, [], 5, {"x": 1.5}))},
    ]
    try:
        made = one.contents(**luck.choice(changes))
        return one.package(made)
    except (OfficeError, TypeError, AttributeError, KeyError):
        return sent()[0][: luck.randrange(len(sent()[0]))]


_VERBS = ["documents.sign_off", "documents.assign_number", "documents.seal", "documents.dispatch"]


def _with_other_acts(luck: Luck) -> bytes:
    """Every act but one is right, and that one says something else, signed by its person."""
    one, verb = office(), luck.choice(_VERBS[:3])
    contents = one.contents()
    acts = [*contents.acts]
    at = luck.randrange(len(acts) + 1)
    other = near_act(luck, verb)
    if at == len(acts):
        acts.append(other)
    else:
        acts[at] = other
    return made(one, replace(contents, acts=acts))


def _of_another_desk(luck: Luck) -> dict[str, Any]:
    one = office()
    desk = {"person": one.person, "post": "p", "unit": "mk", "organ": one.unit}
    return {"desk": desk | {luck.choice(("organ", "person", "post")): luck.choice(("x", "", 5))}}


def _package(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(12)
    if what < 3:
        return _zip(luck, samples)
    if what < 7:
        return "resigned", _right_again(luck, _changed_entries(luck))
    if what < 9:
        return "resigned", _case(luck.randrange(len(CASES))).data
    if what == 9:
        return "resigned", _with_other_acts(luck)
    return "resigned", _rebuilt(luck)


def _meaning_of_package(given: bytes, _: Any) -> Any:
    # The value of an ECDSA signature has a twin that anybody can compute; the name of a package,
    # the digest of its manifest, does not change by it.
    return [
        entry for entry in container.read(given) if entry[0] != SIGNATURE
    ].__repr__(), packages.read(given).digest


def _examined(data: bytes) -> verdict.Verdict:
    found = verdict.examine(data, office().roots)
    if found.refusal is not None:
        raise found.refusal
    return found


class RefusedAloneError(Exception):
    """What the stand-alone verifier says, as an exception."""


def _alone(given: bytes | Sample) -> Any:
    data, more = given if isinstance(given, tuple) else (given, ())
    found = verify.Verification(data, office().roots)
    if more:
        found.records = list(more)
    found.run()
    verify.as_json(found)
    verify.report(found)
    if found.number != 100:
        raise RefusedAloneError(str(found.checks))
    return found


def _both(given: Sample) -> Any:
    """Both verifiers; they may differ in the number, never in whether it is good."""
    data, more = given
    ours = verdict.examine(data, office().roots, None, more).number
    try:
        _alone(given)
    except RefusedAloneError:
        theirs = False
    else:
        theirs = True
    if (ours == 100) != theirs:
        raise AssertionError(f"the platform says {ours}, the stand-alone verifier says {theirs}")
    if ours != 100:
        raise RefusedAloneError(str(ours))
    return data


def _with_records() -> list[Sample]:
    return [Sample(sent()[0], records()[:3]), Sample(sent()[1]), Sample(sent()[2])]


def _verified(luck: Luck, samples: Sequence[Sample]) -> Input:
    what = luck.randrange(9)
    if what < 5:
        how, data = _package(luck, [sample.data for sample in samples])
        return how, Sample(data)
    if what == 5:
        return "resigned", _case(luck.randrange(len(CASES)))
    how, record = _record(luck, records())
    others = list(records()[: luck.randrange(4)])
    return how, Sample(samples[0].data, [*others, record])


def _read_record(data: bytes) -> Any:
    return evidence.verify(data, office().roots)


def _history_of(given: Sequence[bytes]) -> Any:
    return check_history(packages.read(sent()[0]), given, office().roots)


def _histories(luck: Luck, samples: Sequence[Sequence[bytes]]) -> Input:
    what = luck.randrange(6)
    if what == 0:
        chosen = luck.sample(records(), luck.randrange(1, 5))
        return "resigned", chosen
    if what == 1:
        told = _told(luck.choice(sorted(MAKINGS)))
        return "resigned", [*luck.sample(records(), luck.randrange(2)), *told]
    how, record = _record(luck, records())
    return how, [*luck.choice(samples)[: luck.randrange(3)], record]


def _record(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(12)
    if what < 3:
        return canonical_or_noise(luck, samples)
    if what == 3:
        return "resigned", luck.choice(_told(luck.choice(sorted(MAKINGS))))
    fields = canonical.loads(luck.choice(samples))
    if what == 4 and fields["act"] is not None:
        _, changed = act_record(luck, [canonical.unb64(fields["act"])])
        return "resigned", canonical.dumps(fields | {"act": canonical.b64(changed)})
    if what == 5 and fields["signature"]["batch"] is not None:
        place = mutating.json_of(luck, fields["signature"]["batch"])
        signature = fields["signature"] | {"batch": place}
        return "changed", written(luck, fields | {"signature": signature})
    if what == 6:
        pem = mutating.bytes_of(luck, fields["trust"][0].encode()).decode("utf-8", "replace")
        trust = luck.choice(([pem], [], fields["trust"][:2], fields["trust"] * 2, [5]))
        return "changed", written(luck, fields | {"trust": trust})
    return "resigned", _signed_evidence(luck, fields)


_TYPES = ["A1", "A2", "C1", "C2", "D1", "D2", "X1", "X4", "X8", "X13", "E1", "F1", "ZZ", 5, None]


def _signed_evidence(luck: Luck, fields: dict[str, Any]) -> bytes:
    """The evidence changed, and signed anew by the node or by a unit."""
    said = {**fields["evidence"]}
    what = luck.randrange(6)
    if what > 3:
        said = kin_or_any(luck, said)
    elif what == 0:
        said["type"] = luck.choice(_TYPES)
    elif what == 1:
        said |= {"state_from": luck.choice(_STATES), "state_to": luck.choice(_STATES)}
    elif what == 2:
        said["recipient"] = luck.choice(("", "620702", "620721", "x", 5))
    else:
        said = mutating.json_of(luck, said)
    key, cert = luck.choice(_signers())
    pem = x509.pem(cert).decode()
    try:
        value = canonical.b64(suites.sign(key, canonical.dumps(said)))
        signature = fields["signature"] | {"value": value, "certificate": pem, "batch": None}
        return canonical.dumps(fields | {"evidence": said, "signature": signature})
    except OfficeError:
        return mutating.loose_json(luck, fields | {"evidence": said})


_STATES = ["sealed", "accepted", "delivered", "signed", "returned", "failed", "", "x", 5]


@cache
def _signers() -> list[tuple[Any, Any]]:
    one: Office = office()
    return [
        (one.node_key, one.node),
        (one.exchange_key, one.exchange),
        one.certified("exchange", "620702"),
        (one.seal_key, one.seal),
    ]


def _meaning_of_record(_: bytes, found: Any) -> Any:
    return found.digest


@cache
def _envelopes() -> list[bytes]:
    one = office()
    plain = one.envelope({"metadata.json": "sha256:" + "ab" * 32})
    recall = plain | {"kind": "recall", "refers_to": plain["msg_id"], "do_by": plain["sign_by"]}
    return [canonical.dumps(plain), canonical.dumps(recall)]


def _read_envelope(data: bytes) -> Any:
    value = canonical.loads(data)
    envelope.check_envelope(value)
    return value


def _metadata() -> list[bytes]:
    return [
        canonical.dumps(one) for one in ({}, {"标题": "通知", "密级和保密期限": "无"}, {"zy:x": 1})
    ]


def _read_metadata(data: bytes) -> Any:
    value = canonical.loads(data)
    envelope.check_metadata(value)
    return value


def _envelope_input(luck: Luck, samples: Sequence[bytes]) -> Input:
    if luck.randrange(3):
        value = canonical.loads(luck.choice(samples))
        changed = _other_envelope(luck, value) if "format" in value else kin_or_any(luck, value)
        return "changed", written(luck, changed)
    return canonical_or_noise(luck, samples)


def _contents(data: bytes) -> Contents:
    return packages.read(data).contents


def _act_alone(data: bytes) -> Any:
    return verify.read_act(data, _trusted_alone())


@cache
def _trusted_alone() -> verify.Trust:
    return verify.Trust(office().roots, office().trust)


BROKEN = (verify.Problem, ValueError, TypeError, KeyError, AttributeError, IndexError, LookupError)
"""What the stand-alone verifier's parts may raise: Verification turns all of it into a refusal."""

PARSERS = [
    Parser("container", ("kernel.exchange.container",), sent, container.read, _zip,
           unreached={"kernel.exchange.container:read": "only above 2 GB",
                      "kernel.exchange.container:_frame": "more than 500 entries are refused at "
                      "their count; this one serves the writer"},
           check=lambda g, f: "" if container.write(f) == g else "another form of the same"),
    Parser("package", ("kernel.exchange.package", "kernel.exchange.envelope"), sent, _contents,
           _package, leaves=frozenset({"kernel.exchange.package:manifest_of",
                                       "kernel.exchange.package:_content"})),
    Parser("envelope", ("kernel.exchange.envelope",), _envelopes, _read_envelope, _envelope_input,
           leaves=frozenset({"kernel.exchange.envelope:check_metadata"})),
    Parser("metadata", ("kernel.exchange.envelope",), _metadata, _read_metadata, _envelope_input,
           leaves=frozenset(f"kernel.exchange.envelope:{one}" for one in (
               "check_envelope", "_check_keys", "_recipients", "_time", "_text", "_content"))),
    Parser("evidence", ("kernel.exchange.evidence",), records, _read_record, _record,
           meaning=_meaning_of_record,
           leaves=frozenset({"kernel.exchange.evidence:sign_batch"})),
    Parser("history", ("kernel.exchange.history",), lambda: [records()[:3]], _history_of,
           _histories),
    Parser("verdict", ("kernel.exchange.verdict",), sent, _examined, _package,
           meaning=_meaning_of_package),
    Parser("verify-alone", ("kernel.exchange.verify",), _with_records, _both, _verified,
           refusals=(RefusedAloneError,),
           leaves=frozenset(f"kernel.exchange.verify:{one}" for one in (
               "main", "read_roots", "read_records", "manifest_of"))),
    Parser("act-alone", ("kernel.exchange.verify",), act_records, _act_alone, act_record,
           refusals=BROKEN, meaning=lambda g, f: f.digest,
           leaves=all_but("kernel.exchange.verify", "unb64", "moment", "canon", "parse", "asserts",
                          "check_client", "security_key", "read_act", "check_grant",
                          "leaf_of_batch", "expect", "person_key", "node_key", "climb")),
]  # fmt: skip
