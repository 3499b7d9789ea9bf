"""The Merkle tree of RFC 6962 (section 2.1): hashes, proofs, and growth over stored nodes.

The tree is kept as its complete subtrees: ``get(level, index)`` gives the hash over the leaves
``[index * 2**level, (index + 1) * 2**level)``, level 0 being the leaf hashes. A node, once
complete, never changes, so that a log only ever inserts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Get = Callable[[int, int], bytes]
"""``get(level, index)``: the hash of a complete subtree; 32 bytes."""
Node = tuple[int, int, bytes]
"""``(level, index, hash)``, to be stored."""

EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256 over 0x00 and the bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over 0x01 and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes held in memory."""
    return subtree_root(stored(leaves), 0, len(leaves)) if leaves else EMPTY


def stored(leaves: Sequence[bytes]) -> Get:
    """A ``get`` over leaf hashes held in memory, for small trees and tests."""
    nodes = {(level, index): value for level, index, value in append(_no_nodes, 0, leaves)}
    return lambda level, index: nodes[level, index]


def _no_nodes(level: int, index: int) -> bytes:
    raise KeyError((level, index))


def append(get: Get, size: int, leaves: Sequence[bytes]) -> list[Node]:
    """All nodes that become complete when leaf hashes join a tree of ``size`` leaves.

    :param get: gives the nodes of the tree as it was.
    :returns: ``(level, index, hash)`` to insert, the leaves included; 2 a leaf on average.
    """
    fresh: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(leaves, size):
        level, value = 0, leaf
        fresh[level, index] = value
        while index & 1:
            left = fresh.get((level, index - 1)) or get(level, index - 1)
            level, index, value = level + 1, index >> 1, node_hash(left, value)
            fresh[level, index] = value
    return [(level, index, value) for (level, index), value in fresh.items()]


def peaks(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees ``(level, index)`` that cover ``[start, end)``, from the left.

    ``start`` must be a boundary of the tree, as the recursion of RFC 6962 produces them.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def subtree_root(get: Get, start: int, end: int) -> bytes:
    """The root over the leaves ``[start, end)``; with ``0, size`` the root of the tree."""
    hashes = [get(level, index) for level, index in peaks(start, end)]
    if not hashes:
        return EMPTY
    value = hashes.pop()
    while hashes:
        value = node_hash(hashes.pop(), value)
    return value


def inclusion_proof(get: Get, index: int, size: int) -> list[bytes]:
    """The audit path of a leaf in the tree of ``size`` leaves (RFC 6962, 2.1.1).

    :raises ValueError: when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree_root(get, middle, end))
            end = middle
        else:
            path.append(subtree_root(get, start, middle))
            start = middle
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that an audit path leads to (RFC 9162, 2.1.3.2); None when its length is wrong."""
    if not 0 <= index < size:
        return None
    value, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if index & 1 or index == last:
            value = node_hash(sibling, value)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        index, last = index >> 1, last >> 1
    return value if last == 0 else None


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the path leads from the leaf hash to the root."""
    return root_from_path(leaf, index, size, proof) == root


def consistency_proof(get: Get, old: int, new: int) -> list[bytes]:
    """That the tree of ``new`` leaves begins with the tree of ``old`` leaves (RFC 6962, 2.1.2).

    :raises ValueError: unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no proof leads from {old} to {new} leaves")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(subtree_root(get, middle, end))
            end = middle
        else:
            path.append(subtree_root(get, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree_root(get, start, end))
    return path[::-1]


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the new tree continues the old one (RFC 9162, 2.1.4.2).

    An empty old tree is continued by any tree; both roots are still compared where they are known.
    """
    if not 0 <= old <= new:
        return False
    if old == 0 or old == new:
        expected = EMPTY if old == 0 else new_root
        return not proof and old_root == expected
    return _walk_consistency(old, new, old_root, new_root, list(proof))


def _walk_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]
) -> bool:
    if old & (old - 1) == 0:
        proof.insert(0, old_root)
    if not proof:
        return False
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
