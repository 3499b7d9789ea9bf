"""Refusals of the exchange: a package that is not taken, an act that came too late."""

from __future__ import annotations

from kernel.errors import Conflict, Unverified
from kernel.exchange.taxonomy import TAXONOMY

ENVELOPE, MISSING, TIME, EXPIRED, CONTAINER = 200, 202, 203, 204, 205
DIGEST, SIGNATURE, CERTIFICATE, REVOKED, ALGORITHM = 210, 211, 212, 213, 214
NAME, SIZE, CLASSIFIED, ACTS, SEAL = 215, 216, 217, 218, 219
EVIDENCE = 220
SENDER = 300
SIGNED, RECALLED, VOIDED, SUPERSEDED, REFUSED, RETURNED = 600, 601, 602, 603, 604, 605

_BY_CODE = {
    "acts_format.revoked": REVOKED,
    "cms.algorithm": ALGORITHM,
    "cms.digest": DIGEST,
    "suites.key": ALGORITHM,
    "suites.unknown": ALGORITHM,
    "suites.time": ALGORITHM,
    "x509.revoked": REVOKED,
}


class PackageRefused(Unverified):
    """A package that is not taken.

    :param number: one of the numbers above.
    :param detail: the part of the package or the rule that is broken, for the log.
    """

    def __init__(self, number: int, detail: str) -> None:
        zh, en = TAXONOMY[number].zh, TAXONOMY[number].en
        super().__init__(
            f"exchange.package_{number}",
            f"{zh}（{number}），请退回并要求发送单位重新发送。",
            f"{en} ({number}): return it and ask the sender to send it again.",
        )
        self.number = number
        self.detail = detail


class TooLate(Conflict):
    """Somebody was first. Who had signed already gets this as evidence (X3, X14).

    :param number: who or what was first, 600 to 605.
    """

    def __init__(self, number: int, zh: str, en: str, code: str = "exchange.settled") -> None:
        super().__init__(code, f"{zh}（{number}）", f"{en} ({number})")
        self.number = number


def refused_for(error: Unverified, number: int = 0) -> PackageRefused:
    """The same refusal with the number of the exchange, for what the signature checks raise.

    :param number: that of the part which does not hold, in place of those for signatures; what was
        revoked is always said to be that.
    """
    if isinstance(error, PackageRefused):
        return error
    if number and _BY_CODE.get(error.code) != REVOKED:
        return PackageRefused(number, error.code)
    default = CERTIFICATE if error.code.startswith("x509.") else SIGNATURE
    return PackageRefused(_BY_CODE.get(error.code, default), error.code)
