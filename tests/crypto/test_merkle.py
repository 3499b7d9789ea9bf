"""The Merkle tree against the reference vectors of Certificate Transparency, and against itself."""

from __future__ import annotations

import hashlib
import itertools

from kernel.crypto import merkle

# The eight leaves and the roots of the reference tests of Certificate Transparency.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashes(count: int):
    return [merkle.leaf_hash(str(n).encode()) for n in range(count)]


def recursive(leaves: list[bytes]):
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + recursive(leaves[:k]) + recursive(leaves[k:])).digest()


def test_reference_roots():
    leaves = [merkle.leaf_hash(data) for data in LEAVES]
    assert [merkle.root(leaves[:n]).hex() for n in range(1, 9)] == ROOTS
    assert merkle.root([]).hex() == hashlib.sha256(b"").hexdigest()


def test_reference_proofs():
    get = merkle.stored([merkle.leaf_hash(data) for data in LEAVES])
    assert [p.hex() for p in merkle.inclusion_proof(get, 5, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [p.hex() for p in merkle.consistency_proof(get, 6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_proof_up_to_forty_leaves_holds_and_holds_nothing_else():
    leaves = hashes(40)
    get = merkle.stored(leaves)
    roots = [recursive(leaves[:n]) for n in range(41)]
    for size in range(1, 41):
        for index in range(size):
            path = merkle.inclusion_proof(get, index, size)
            assert merkle.verify_inclusion(leaves[index], index, size, path, roots[size])
            wrong = leaves[(index + 1) % 40]
            assert not merkle.verify_inclusion(wrong, index, size, path, roots[size])
            assert not merkle.verify_inclusion(leaves[index], index, size, path, roots[size - 1])
            longer = [*path, leaves[0]]
            assert not merkle.verify_inclusion(leaves[index], index, size, longer, roots[size])


def test_every_consistency_proof_up_to_forty_leaves():
    leaves = hashes(40)
    get = merkle.stored(leaves)
    roots = [recursive(leaves[:n]) for n in range(41)]
    for old, new in itertools.combinations(range(41), 2):
        proof = merkle.consistency_proof(get, old, new)
        assert merkle.verify_consistency(old, new, roots[old], roots[new], proof)
        assert not merkle.verify_consistency(old, new, roots[new], roots[new], proof)
        assert not merkle.verify_consistency(old, new, roots[old], roots[new], [*proof, b"x" * 32])
        if old:
            assert not merkle.verify_consistency(old, new, roots[old], roots[old], proof)
            assert not merkle.verify_consistency(old, new, roots[old], roots[new], proof[1:])


def test_a_tree_of_the_same_size_is_consistent_with_itself_only():
    one, two = merkle.root(hashes(5)), merkle.root(hashes(6))
    assert merkle.verify_consistency(5, 5, one, one, [])
    assert not merkle.verify_consistency(5, 5, one, two, [])
    assert not merkle.verify_consistency(6, 5, two, one, [])


def test_growing_in_batches_stores_the_same_nodes_once():
    leaves = hashes(100)
    nodes = {}
    size = 0
    for batch in (1, 2, 3, 10, 0, 31, 53):
        for level, index, value in merkle.append(
            lambda *k: nodes[k], size, leaves[size : size + batch]
        ):
            assert (level, index) not in nodes
            nodes[level, index] = value
        size += batch
        assert merkle.subtree_root(lambda *k: nodes[k], 0, size) == recursive(leaves[:size])
    assert size == 100
    assert len(nodes) == sum(100 >> level for level in range(7))
