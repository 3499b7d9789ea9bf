"""Whether a delegation is what its giver signed: a row alone opens nobody's desk."""

from __future__ import annotations

from typing import Any

from kernel.acts.models import Act
from kernel.acts.signatures import record
from kernel.acts.verbs import verbs
from kernel.crypto import x509
from kernel.crypto.acts_format import verify_record
from kernel.crypto.certs import der, load_cert
from kernel.crypto.ids import stamp
from kernel.crypto.memory import remembered
from kernel.errors import OfficeError
from kernel.identity.authority import authority
from kernel.identity.models import Delegation

VERB = "house.delegate"


def is_granted(row: Delegation) -> bool:
    """Hold a row against the act that it names: its signature, and all that the giver signed."""
    if not Act.select().where((Act.uid == row.act) & (Act.verb == VERB)).exists():
        return False
    root, people = authority().certificate("root"), authority().certificate("people")
    try:
        said = _said(record(row.act), der(root), der(people))
        levels = sorted({verbs().get(name).level for name in row.verbs})
    except OfficeError:
        return False
    claimed = (
        *(row.act, row.giver, row.taker, row.taker_person, row.kind),
        *(tuple(row.verbs), stamp(row.starts), stamp(row.ends)),
    )
    return said == claimed and list(row.levels) == levels


@remembered(256)
def _said(data: bytes, root: bytes, people: bytes) -> tuple[Any, ...]:
    """What a record of a delegation says, once its signature and its credential held."""
    facts = verify_record(data, x509.Trust([load_cert(root)], [load_cert(people)])).act
    if facts["verb"] != VERB or facts["mode"] != "self":
        return ()
    given = facts["params"]
    return (
        *(facts["act"], facts["desk"]["post"], given["taker"], given["person"], given["kind"]),
        *(tuple(given["names"]), given["starts"], given["ends"]),
    )
