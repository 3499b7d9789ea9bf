"""Everything that a user, a plugin or a peer can cause.

An :class:`OfficeError` carries a stable code, an HTTP status and a sentence in both languages that
says what to do next. Anything else that is raised is a defect: it gets an incident number and its
text is never shown.
"""

from __future__ import annotations


class OfficeError(Exception):
    """A refusal that a person can understand and act on.

    :param code: stable, ``room.reason`` (``acts.stale``), for programs and help pages.
    :param zh: the sentence in Chinese, with the way out.
    :param en: the same sentence in English.
    :param field: the name of the form field that it concerns, where there is one.
    """

    status = 400

    def __init__(self, code: str, zh: str, en: str, *, field: str | None = None) -> None:
        super().__init__(f"{code}: {zh}")
        self.code = code
        self.zh = zh
        self.en = en
        self.field = field

    def text(self, language: str = "zh") -> str:
        """The sentence in the language asked for (``zh`` or ``en``)."""
        return self.en if language.startswith("en") else self.zh


class Invalid(OfficeError):
    """What was entered cannot be taken as it is."""

    status = 422


class NotFound(OfficeError):
    """It does not exist, or not for this desk: the two look the same on purpose."""

    status = 404


class NotSignedIn(OfficeError):
    """Nobody is signed in, or the session has ended."""

    status = 401


class Refused(OfficeError):
    """The desk may not do this, and the sentence says who may."""

    status = 403


class Conflict(OfficeError):
    """Somebody or something was there first: the object changed, the number is taken."""

    status = 409


class Stale(Conflict):
    """The object changed since the act was prepared.

    :param changes: what changed, as ``(label, before, after)``, to be shown to the person.
    """

    def __init__(
        self, code: str, zh: str, en: str, *, changes: list[tuple[str, str, str]] | None = None
    ) -> None:
        super().__init__(code, zh, en)
        self.changes = changes or []


class Unavailable(OfficeError):
    """It would be possible, only not now: a lock, a full disk, a part that is not there."""

    status = 503


class Unverified(OfficeError):
    """A signature, a digest or a chain does not hold. Nothing was taken over."""

    status = 400
