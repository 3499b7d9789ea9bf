"""The names of people against the signed statements of their keys, for ``log verify``."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kernel.crypto import canonical, suites
from kernel.errors import OfficeError
from kernel.identity.authority import authority
from kernel.identity.models import Credential, Person
from kernel.storage.comparing import Found, Step, differs, rows_of, stretches, uncounted
from kernel.storage.log_check import stored_bytes

_NAME = ("姓名", "the name")


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name people who are called otherwise than in the newest statement of a key of theirs."""
    for rows in stretches(Person, Person.uid, Person.name):
        signed = signed_names([row["uid"] for row in rows])
        for row in rows:
            if signed.get(row["uid"], row["name"]) != row["name"]:
                yield f"person {row['uid']}", differs(_NAME, row["name"], signed[row["uid"]])
        step(len(rows))


def signed_names(people: Collection[str]) -> dict[str, str]:
    """The name of each that the authority signed last, by uid; who never had a key has none."""
    signer, found = authority().public_key("people"), {}
    fields = (Credential.statement, Credential.signature)
    for row in rows_of(Credential, *fields, where=[Credential.person.in_(list(people))]):
        said = stored_bytes(row["statement"])
        try:
            suites.verify(signer, said, stored_bytes(row["signature"]))
            facts = canonical.loads(said)
            found[str(facts["person"])] = str(facts["name"])
        except (OfficeError, KeyError, TypeError, ValueError):
            continue  # named by the check of the keys
    return found
