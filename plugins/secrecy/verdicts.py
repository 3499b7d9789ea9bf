"""What was found about contents, by their digest. The contents themselves are not kept."""

from __future__ import annotations

from kernel.api import connection, in_transaction, now, transaction
from plugins.secrecy.models import Verdict


def note(digest: str, *, ok: bool) -> None:
    """Keep a verdict; a later one on the same content replaces it."""
    if in_transaction():
        _write(digest, ok)
    else:
        with transaction():
            _write(digest, ok)


def _write(digest: str, ok: bool) -> None:
    Verdict.insert(digest=digest, ok=ok, at=now()).on_conflict(
        conflict_target=[Verdict.digest], preserve=[Verdict.ok, Verdict.at]
    ).execute()


def cleared(digest: str) -> bool:
    """Whether this content was looked at and found free of marks."""
    with connection():
        row = Verdict.get_or_none(Verdict.digest == digest)
    return row is not None and bool(row.ok)
