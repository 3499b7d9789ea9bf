"""Acts in somebody else's name (代办, 代录): what the bytes say of it, and what the gate asks."""

from __future__ import annotations

import re
from typing import Any

from kernel.acts import notices
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb
from kernel.errors import Invalid, Refused
from kernel.identity import delegations
from kernel.identity.desk import Desk, ServiceDesk, delegation_ended
from kernel.identity.models import Delegation
from kernel.storage.blobs import blobs
from kernel.storage.database import in_transaction, lock_rows

SCAN = "scan"
"""The argument of a verb that may be transcribed: the digest of the page signed on paper."""


def facts_of(desk: Desk | ServiceDesk) -> dict[str, Any]:
    """Mode, acting-for and grant, as the signed bytes say them."""
    if isinstance(desk, ServiceDesk):
        return {"mode": "node", "acting_for": None, "grant": None}
    if desk.acting is None:
        return {"mode": "self", "acting_for": None, "grant": None}
    whom = {"person": desk.principal.uid, "post": desk.post.uid, "unit": desk.unit.code}
    return {"mode": desk.acting.mode, "acting_for": whom, "grant": desk.acting.grant}


def ask(desk: Desk, verb: Verb, arguments: dict[str, Any]) -> None:
    """Raise what forbids this act in this name; looking at things needs no grant of its own.

    :raises Refused: ``rights.delegation_ended``, ``acts.not_delegated``.
    :raises Invalid: ``acts.scan`` where the page of a transcribed act is missing.
    """
    transcribed = desk.acting is not None and desk.acting.kind == "transcribe"
    scan = str(arguments.get(SCAN, ""))
    if scan and not transcribed:
        raise _scan("只有代录时才附纸质签批页。", "Only who transcribes encloses a scan.")
    if desk.acting is None:
        return
    if in_transaction():
        # Whoever takes it back waits for this act, and the next act for him.
        lock_rows(Delegation, Delegation.uid == desk.acting.delegation, shared=True)
    if not delegations.holds(desk.acting.delegation):
        raise delegation_ended()
    if looks(verb):
        return
    allowed = verb.transcribe if transcribed else verb.delegate
    if verb.name not in desk.acting.verbs or not allowed:
        raise Refused(
            "acts.not_delegated",
            f"委托的范围不包括“{verb.title}”，请由{desk.principal.name}本人办理。",
            f"The delegation does not cover this ({verb.title_en}); it is for "
            f"{desk.principal.name} to do.",
        )
    if transcribed and not (re.fullmatch(r"sha256:[0-9a-f]{64}", scan) and blobs().has(scan)):
        raise _scan(
            "代录须上传领导在纸上签批的扫描件。", "Enclose the scan of the page that was signed."
        )


def tell(desk: Desk | ServiceDesk, verb: Verb, subject: Subject | None, act: str) -> None:
    """Tell a leader what was entered for him from paper, that he may look whether it is what he
    decided; within the transaction of the act."""
    if isinstance(desk, ServiceDesk) or subject is None or desk.acting is None:
        return
    if desk.acting.kind != "transcribe":
        return
    notices.tell(
        subject,
        f"transcribed:{act}",
        zh=f"{desk.person.name}按纸质签批为您代录“{verb.title}”，请核对",
        en=f"{desk.person.name} entered what you signed on paper: {verb.title_en}; please check it",
        organ=desk.organ_code,
        post=desk.post.uid,
    )


def looks(verb: Verb) -> bool:
    """Whether a verb only notes that something was looked at, taken out, or left (signing out)."""
    looking = not verb.touches and verb.level.endswith(".view")
    return verb.weight == "recorded" and (looking or verb.level == "house.read")


def _scan(zh: str, en: str) -> Invalid:
    return Invalid("acts.scan", zh, en, field=SCAN)
