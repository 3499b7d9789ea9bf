"""The object identifiers of this house.

They stand below one UUID (ITU-T X.667: ``2.25.<uuid as integer>``), which needs no registration:
a63cad97-b6d0-4091-a717-55387e50684b.

======  =========================================================================
arc     meaning
======  =========================================================================
.1.1    certificate policy: people (their credential statements)
.1.2    certificate policy: seals of units
.1.3    certificate policy: exchange keys of units
.1.4    certificate policy: nodes
.2.1    CMS signed attribute: SHA-256 digest of the act behind a signature
======  =========================================================================
"""

from __future__ import annotations

ARC = "2.25.220966905988700129228879746837251123275"
PURPOSES = {
    "people": f"{ARC}.1.1",
    "seals": f"{ARC}.1.2",
    "exchange": f"{ARC}.1.3",
    "nodes": f"{ARC}.1.4",
}
"""Purpose of a certificate → its policy OID."""
ACT_DIGEST = f"{ARC}.2.1"
"""CMS attribute: OCTET STRING of 32 bytes."""
