"""What the signer does when it is asked, one method for each operation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kernel.crypto import cms, suites, x509
from kernel.crypto.acts_format import ActFacts
from kernel.crypto.canonical import b64, digest, unb64
from kernel.crypto.ids import now
from kernel.errors import Invalid, Unavailable, Unverified
from kernel.seals import signer_rules as rules
from kernel.seals.signer_journal import Deed, Journal
from kernel.seals.signer_rules import SealingActs, SealOrder
from kernel.seals.signer_trust import pin
from kernel.seals.signer_vault import Unit, Vault
from kernel.work.sheet import Sheet
from kernel.work.workshop import Placement, Workshop

Answer = dict[str, Any]
AHEAD = timedelta(days=1)
"""How much later than the signature over it a receiver lets an act be (218)."""
SLEW, SECOND = timedelta(seconds=5), timedelta(seconds=1)
_HALF_SEAL_UM = 21_000
_A4_UM = (210_000, 297_000)


class Work:
    """The signer without its socket.

    :param instance: the node's folder.
    :raises Unavailable: ``signer.no_root``.
    """

    def __init__(self, instance: Path) -> None:
        folder = instance / "signer"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._trust, first = pin(folder, instance / "keys")
        self._vault = Vault(folder, self._trust)
        self._journal = Journal(folder / "journal")
        self._workshop = Workshop(patience=60.0)  # because a signed act is worth waiting for
        self._impressions: dict[str, bytes] = {}
        self._founding = threading.Lock()
        if first:
            self._vault.begin()

    def answer(self, request: dict[str, Any]) -> Answer:
        """Do what a request asks for.

        :raises OfficeError: the refusal, in the words for the user.
        """
        operations: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "new_units": self._new_units,
            "register": self._register,
            "close_genesis": self._close_genesis,
            "seal": self._seal,
            "sign_manifest": self._sign_manifest,
            "sign_evidence": self._sign_evidence,
        }
        name = request.pop("op", "")
        if name not in operations:
            raise Invalid(
                "signer.operation",
                f"签章程序不认识“{name}”，请升级并重新启动系统。",
                f"The signer does not know {name!r}; upgrade and restart the system.",
            )
        return operations[name](request)

    def close(self) -> None:
        """Stop the typesetter."""
        self._workshop.close()

    def _new_units(self, request: dict[str, Any]) -> Answer:
        with self._founding:
            return {"keys": {code: self._vault.make(code) for code in request["codes"]}}

    def _register(self, request: dict[str, Any]) -> Answer:
        with self._founding:
            self._vault.register(request.pop("unit"), request)
        return {}

    def _close_genesis(self, _: dict[str, Any]) -> Answer:
        with self._founding:
            self._vault.close()
        return {}

    def _seal(self, request: dict[str, Any]) -> Answer:
        unit = self._vault.unit(request["unit"])
        sheet = Sheet.from_json(request["sheet"])
        number = request["number_act"]
        acts = SealingActs(
            self._act(request["seal_act"]),
            self._act(request["sign_off_act"]),
            self._act(number) if number else None,
        )
        order = rules.check_sealing(unit, acts, request["content"], sheet)
        deed = Deed("seal", unit.code, acts.seal.digest, order.pdf.encode())
        based = [one for one in (acts.seal, acts.sign_off, acts.number) if one is not None]
        return self._journal.once(deed, lambda: self._apply(unit, order, sheet, based))

    def _apply(self, unit: Unit, order: SealOrder, sheet: Sheet, acts: list[ActFacts]) -> Answer:
        # Imported with the first seal, because pyHanko takes longer than the whole start.
        from kernel.seals.pdf import apply_seal

        made = self._workshop.typeset(sheet)
        if made.missing or (digest(made.pdf), len(made.pdf)) != (order.pdf, order.pdf_size):
            raise _other_pdf()
        _check_place(order, made.pages)
        moment = _signing_time(unit.seal_certificate, *acts)
        self._trust.check(unit.seal_certificate, "seals", moment)
        sealed = apply_seal(
            made.pdf,
            Placement(order.page, order.x_um / 1000, order.y_um / 1000),
            self._impression(unit),
            key=unit.seal_key,
            cert=unit.seal_certificate,
            chain=[self._trust.authorities["seals"]],
            signed_at=moment,
            field_name="seal-1",
            reason=f"{order.number} {order.act}".strip(),
            organ=unit.statement.name,
        )
        return {"pdf": b64(sealed), "typeset": order.pdf}

    def _impression(self, unit: Unit) -> bytes:
        from kernel.seals.impression import seal_pdf  # as above

        if unit.statement.impression not in self._impressions:
            self._impressions[unit.statement.impression] = seal_pdf(unit.impression)
        return self._impressions[unit.statement.impression]

    def _sign_manifest(self, request: dict[str, Any]) -> Answer:
        unit, act = self._vault.unit(request["unit"]), self._act(request["act"])
        manifest = unb64(request["manifest"])
        rules.check_manifest(unit, act, unb64(request["envelope"]), manifest)

        def sign() -> Answer:
            moment = _signing_time(unit.exchange_certificate, act)
            self._trust.check(unit.exchange_certificate, "exchange", moment)
            signature = cms.sign_detached(
                manifest,
                unit.exchange_key,
                unit.exchange_certificate,
                [self._trust.authorities["exchange"]],
                signing_time=moment,
                act_digest=act.digest,
            )
            return {"signature": b64(signature)}

        return self._journal.once(Deed("manifest", unit.code, act.digest, manifest), sign)

    def _sign_evidence(self, request: dict[str, Any]) -> Answer:
        unit, act = self._vault.unit(request["unit"]), self._act(request["act"])
        evidence = unb64(request["evidence"])
        about = rules.check_evidence(unit, act, evidence)

        def sign() -> Answer:
            moment = _signing_time(unit.exchange_certificate, act)
            self._trust.check(unit.exchange_certificate, "exchange", moment)
            signature = b64(suites.sign(unit.exchange_key, evidence))
            certificate = x509.pem(unit.exchange_certificate).decode()
            return {"suite": suites.INTL_1, "value": signature, "certificate": certificate}

        return self._journal.once(Deed("evidence", unit.code, act.digest, evidence, about), sign)

    def _act(self, record: str) -> ActFacts:
        return self._trust.act(unb64(record))


def _signing_time(certificate: x509.Certificate, *acts: ActFacts) -> datetime:
    """Now, where a signature of now holds beside the acts that it follows from."""
    moment = now()
    latest = max([certificate.not_valid_before_utc, *(one.issued - AHEAD for one in acts)])
    latest += SECOND  # signatures carry whole seconds
    if moment + SLEW < latest:
        raise Unavailable(
            "signer.clock",
            "服务器时钟早于所依据的办理，暂不签署，内容没有丢失。请系统管理员校准时钟，随后会自动重试。",
            "The server's clock is before the act that this follows from; nothing is signed yet, "
            "and nothing is lost. Set the clock right; it is tried again by itself.",
        )
    return max(moment, latest)


def _check_place(order: SealOrder, pages: int) -> None:
    places = zip((order.x_um, order.y_um), _A4_UM, strict=True)
    inside = all(_HALF_SEAL_UM <= at <= edge - _HALF_SEAL_UM for at, edge in places)
    if not (inside and 1 <= order.page <= pages):
        raise Unverified(
            "signer.place",
            "印章位置不在页面之内，不能用印，请重新排版。",
            "The seal would not stand on the page; typeset the document again.",
        )


def _other_pdf() -> Unverified:
    return Unverified(
        "signer.pdf",
        "重新排版的结果与用印人确认的文件不一致（内容、模板或字体有变化），没有用印。"
        "请重新排版，请用印人再次核对。",
        "Typeset again, the document differs from the file that the keeper signed (content, "
        "template or fonts changed). It was not sealed: show it to the keeper again.",
    )
