"""What the founding of a demo node calls: soft keys for many people in one go.

::

    maker = KeyMaker(instance)
    public = maker.new_key()
    said = credentials.statement(person, "soft", public, node=node, demo=True)
    maker.assign(credentials.issue(said).uid, public)
    ...
    maker.save()
"""

from __future__ import annotations

from pathlib import Path

from kernel.api import PublicKey, new_key, private_pem, public_b64
from plugins.softkey.keys import write_keys


class KeyMaker:
    """Makes keys and files them under the credentials that were issued for them.

    :param instance: the folder of the node.
    """

    def __init__(self, instance: Path) -> None:
        self._instance = instance
        self._made: dict[str, str] = {}
        self._assigned: dict[str, str] = {}

    def new_key(self) -> PublicKey:
        """Make a key; gives its public half, for the credential statement."""
        key = new_key()
        public = key.public_key()
        self._made[public_b64(public)] = private_pem(key).decode("ascii")
        return public

    def assign(self, credential: str, public_key: PublicKey) -> None:
        """Say which credential a key belongs to; KeyError for a key that was not made here."""
        self._assigned[credential] = self._made.pop(public_b64(public_key))

    def save(self) -> None:
        """Write all assigned keys to the node's file."""
        write_keys(self._instance, self._assigned)
        self._assigned = {}
