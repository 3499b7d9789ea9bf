"""Several acts under one signature: the key signs a statement over the Merkle root of their bytes.

The statement is canonical JSON::

    {"format": "juyan-batch-1", "v": 1, "suite", "node", "verb", "root": hex, "count": n,
     "nonce", "credential", "origin", "desk", "issued", "expires"}

``root`` is the Merkle root (RFC 6962: leaves tagged 0x00, inner nodes 0x01) over the bytes of the
acts in their order. Each act carries the kind ``batch+<kind>`` and as its value canonical JSON::

    {"batch": base64 of the statement, "index": i, "path": [hex, …],
     "value": base64 of the signature over the statement}

so that each can be checked alone, without the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kernel.crypto import canonical, merkle
from kernel.crypto.ids import parse_stamp

FORMAT = "juyan-batch-1"
PREFIX = "batch+"
_SAME = ("suite", "node", "verb", "credential", "origin", "desk")
_KEYS = {*_SAME, "format", "v", "root", "count", "nonce", "issued", "expires"}


class Signed(NamedTuple):
    """What a key has signed. :ivar kind: of the key, ``soft``; :ivar data: the signed bytes."""

    kind: str
    data: bytes
    value: bytes


def compose(acts: Sequence[bytes], nonce: str) -> bytes:
    """The statement over acts of one verb at one desk; it expires with the first of them."""
    facts = [canonical.loads(act) for act in acts]
    said = {name: facts[0][name] for name in _SAME}
    said |= {"format": FORMAT, "v": 1, "nonce": nonce, "count": len(acts)}
    said["root"] = merkle.root([merkle.leaf_hash(act) for act in acts]).hex()
    said["issued"] = max(act["issued"] for act in facts)
    said["expires"] = min(act["expires"] for act in facts)
    return canonical.dumps(said)


def fold(statement: bytes, acts: Sequence[bytes], value: bytes) -> list[bytes]:
    """The value of each act, in their order, from the one signature over the statement."""
    get, size = merkle.stored([merkle.leaf_hash(act) for act in acts]), len(acts)
    shared = {"batch": canonical.b64(statement), "value": canonical.b64(value)}
    paths = (merkle.inclusion_proof(get, index, size) for index in range(size))
    return [
        canonical.dumps({**shared, "index": index, "path": [node.hex() for node in path]})
        for index, path in enumerate(paths)
    ]


def unfold(kind: str, value: bytes, data: bytes, act: Mapping[str, Any]) -> Signed:
    """What the key has really signed: the act's bytes, or the batch that they are a leaf of.

    :param data: the bytes of the act. :param act: the same, decoded.
    :raises ValueError: the batch is malformed, of another act, verb, key, desk or time.
    """
    if not kind.startswith(PREFIX):
        return Signed(kind, data, value)
    fields = canonical.loads(value)
    if not isinstance(fields, dict) or fields.keys() != {"batch", "index", "path", "value"}:
        raise ValueError("batch")
    statement = canonical.unb64(fields["batch"])
    said = canonical.loads(statement)
    if not isinstance(said, dict) or said.keys() != _KEYS or said["format"] != FORMAT:
        raise ValueError("batch statement")
    if said["v"] != 1 or any(said[name] != act[name] for name in _SAME):
        raise ValueError("batch of another kind")
    _check_times(said, act)
    _check_place(said, fields, data)
    return Signed(kind.removeprefix(PREFIX), statement, canonical.unb64(fields["value"]))


def _check_times(said: Mapping[str, Any], act: Mapping[str, Any]) -> None:
    times = (act["issued"], said["issued"], said["expires"], act["expires"])
    read = [parse_stamp(time) for time in times]
    if read != sorted(read):
        raise ValueError("times of the batch")


def _check_place(said: Mapping[str, Any], fields: Mapping[str, Any], data: bytes) -> None:
    index, count, path = fields["index"], said["count"], fields["path"]
    if type(index) is not int or type(count) is not int or not isinstance(path, list):
        raise ValueError("place in the batch")
    nodes = [bytes.fromhex(node) for node in path]
    if [node.hex() for node in nodes] != path or any(len(node) != 32 for node in nodes):
        raise ValueError("path in the batch")
    root = merkle.root_from_path(merkle.leaf_hash(data), index, count, nodes)
    if root is None or root.hex() != said["root"]:
        raise ValueError("not in the batch")
