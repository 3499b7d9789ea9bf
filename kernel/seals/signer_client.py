"""The node's side of the signer. Whoever needs it first starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from kernel.crypto.canonical import b64, unb64
from kernel.errors import Unavailable
from kernel.seals import signer_place, signer_trust, signer_wire
from kernel.settings import ROOT
from kernel.slots import Slot
from kernel.storage.database import in_transaction
from kernel.storage.instance import file_lock

PATIENCE = 120.0
"""Seconds for one answer; a seal takes one or two."""
START_SECONDS = 20.0
END_SECONDS = 60.0
TRIES = 3


class Sealed(TypedDict):
    """A sealed document. ``typeset`` is the digest of the file before the seal."""

    pdf: bytes
    typeset: str


class EvidenceSignature(TypedDict):
    """A signature over evidence: suite, base64 of DER ECDSA, the exchange certificate (PEM)."""

    suite: str
    value: str
    certificate: str


class Signer:
    """Asks the signer of a node; safe to use from many threads and processes.

    Every method may be repeated: the same question gets the same answer, byte for byte, also after
    a crash. Never call the signing ones inside a database transaction, because a seal takes longer
    than other writers wait.

    :param instance: the node's folder.
    :raises OfficeError: what the signer refuses, with its own code; ``signer.start``,
        ``signer.slow`` and ``signer.no_root`` (Unavailable) when it cannot be asked.
    """

    def __init__(self, instance: Path) -> None:
        self._instance = instance.resolve()

    def ping(self) -> int:
        """The process id of the signer, which is started if need be."""
        return int(self._ask("ping")["pid"])

    def shutdown(self) -> None:
        """End the signer and wait until it has let go of the node; harmless when there is none.

        :raises Unavailable: ``storage.busy`` when it has not after a minute.
        """
        if not self._told_to_end():
            return
        end = time.monotonic() + END_SECONDS
        while True:
            try:
                with file_lock(signer_place.run_folder(self._instance) / "signer.lock", 1.0):
                    return
            except Unavailable:
                if time.monotonic() > end:
                    raise
            self._told_to_end()  # another one stood in line for the place, and has it now

    def _told_to_end(self) -> bool:
        """False where none listens."""
        try:
            with self._connect() as connection:
                signer_wire.send(connection, {"op": "shutdown"})
                signer_wire.receive(connection)
        except (OSError, EOFError):
            return False
        return True

    def new_units(self, codes: Iterable[str]) -> dict[str, dict[str, str]]:
        """Make keys for units: code → ``{"seal": …, "exchange": …}``, base64 of the SPKI.

        Keys that exist already are given again.

        :raises Conflict: ``signer.closed`` after the founding. :raises Invalid: ``signer.code``.
        """
        answer = self._ask("new_units", codes=list(codes))
        keys: dict[str, dict[str, str]] = answer["keys"]
        return keys

    def register(
        self,
        unit: str,
        *,
        seal_certificate: bytes,
        exchange_certificate: bytes,
        statement: bytes,
        statement_signature: bytes,
        impression: str,
    ) -> None:
        """Hand the signer what was certified about a unit's keys.

        :param seal_certificate: PEM, like the other. :param statement: canonical JSON
            (:mod:`kernel.seals.statement`) and the signature of the seals authority (DER).
        :param impression: the image of the seal, SVG.
        :raises Unverified: ``signer.registration``, ``seals.statement``, ``x509.*``, ``suites.*``.
        :raises Conflict: ``signer.closed``.
        """
        self._ask(
            "register",
            unit=unit,
            seal_certificate=seal_certificate.decode("ascii"),
            exchange_certificate=exchange_certificate.decode("ascii"),
            statement=b64(statement),
            statement_signature=b64(statement_signature),
            impression=impression,
        )

    def close_genesis(self) -> None:
        """Take no more units without an act of two persons."""
        self._ask("close_genesis")

    def seal(
        self,
        unit: str,
        *,
        seal_act: bytes,
        sign_off_act: bytes,
        number_act: bytes | None,
        content: Mapping[str, Any],
        sheet: Mapping[str, Any],
    ) -> Sealed:
        """Typeset the sheet again and apply the unit's seal, if the acts allow just that.

        :param seal_act: the record of the keeper's act, whose params are ``pdf``, ``pdf_size``,
            ``sheet``, ``page``, ``x_um``, ``y_um``, ``certificate``, ``seal``, ``number``.
        :param content: from :func:`kernel.seals.content.content_of`; its digest is the object's.
        :param sheet: from :meth:`kernel.work.sheet.Sheet.to_json`.
        :raises Refused: ``signer.keeper``, ``signer.organ``, ``signer.verb``, ``signer.node``.
        :raises Unverified: ``signer.content``, ``signer.sheet``, ``signer.number``,
            ``signer.object``, ``signer.params``, ``signer.pdf``, ``signer.place``,
            ``signer.seal``, ``seals.content``, and whatever is wrong with a record.
        """
        answer = self._sign(
            "seal",
            unit=unit,
            seal_act=b64(seal_act),
            sign_off_act=b64(sign_off_act),
            number_act=b64(number_act) if number_act else None,
            content=dict(content),
            sheet=dict(sheet),
        )
        return {"pdf": unb64(answer["pdf"]), "typeset": answer["typeset"]}

    def sign_manifest(self, unit: str, act: bytes, envelope: bytes, manifest: bytes) -> bytes:
        """Sign the manifest of a package with the unit's exchange key: detached CMS, DER.

        :param act: the record of the dispatching act, with params ``envelope`` and, for documents,
            ``sealed``. One act signs one manifest.
        :raises Refused: ``signer.organ``, ``signer.verb``, ``signer.node``.
        :raises Unverified: ``signer.envelope``, ``signer.sender``, ``signer.manifest``.
        :raises Conflict: ``signer.used`` for a second manifest under the same act.
        """
        data = {"act": b64(act), "envelope": b64(envelope), "manifest": b64(manifest)}
        return unb64(self._sign("sign_manifest", unit=unit, **data)["signature"])

    def sign_evidence(self, unit: str, act: bytes, evidence: bytes) -> EvidenceSignature:
        """Sign the evidence of what a person did, with the unit's exchange key.

        :param evidence: the signed bytes (``Evidence.to_bytes()`` of the exchange). One act signs
            one piece of evidence for each package and recipient: whoever asks again after a crash
            must bring the same bytes, with the same ``ev_id`` and time.
        :raises Refused: ``signer.organ``, ``signer.verb``, ``signer.node``.
        :raises Unverified: ``signer.evidence``. :raises Conflict: ``signer.used``.
        """
        answer = self._sign("sign_evidence", unit=unit, act=b64(act), evidence=b64(evidence))
        return EvidenceSignature(
            suite=answer["suite"], value=answer["value"], certificate=answer["certificate"]
        )

    def _sign(self, operation: str, **fields: object) -> dict[str, Any]:
        if in_transaction():
            raise RuntimeError("the signer is never called inside a database transaction")
        return self._ask(operation, **fields)

    def _ask(self, operation: str, **fields: object) -> dict[str, Any]:
        answer = self._deliver({"op": operation, **fields})
        if "error" in answer:
            raise signer_wire.error_of(answer["error"])
        good: dict[str, Any] = answer["ok"]
        return good

    def _deliver(self, request: dict[str, Any]) -> dict[str, Any]:
        for _ in range(TRIES):
            try:
                with self._connect() as connection:
                    signer_wire.send(connection, request)
                    return signer_wire.receive(connection)
            except TimeoutError as error:
                raise _slow() from error
            except (OSError, EOFError):
                self._start()
        raise _not_started(self._instance)

    def _connect(self) -> socket.socket:
        path = signer_place.recorded(self._instance)
        if path is None:
            raise FileNotFoundError
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(path))
        except BaseException:
            connection.close()
            raise
        return connection

    def listening(self) -> bool:
        """Whether the signer runs now; it is not started."""
        try:
            self._connect().close()
        except OSError:
            return False
        return True

    def _start(self) -> None:
        """Start the process unless somebody else has just done so."""
        keys = self._instance / "keys"
        if not any((f / "root.pem").exists() for f in (self._instance / "signer", keys)):
            raise signer_trust.no_root(keys)
        with file_lock(signer_place.run_folder(self._instance) / "signer.start"):
            if self.listening():
                return
            process = _spawn(self._instance)
            deadline = time.monotonic() + START_SECONDS
            while not self.listening():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise _not_started(self._instance)
                time.sleep(0.02)
        # Somebody has to take its exit status, or it would stay as a zombie of this process.
        threading.Thread(target=process.wait, daemon=True).start()


def _spawn(instance: Path) -> subprocess.Popen[bytes]:
    log = os.open(
        signer_place.run_folder(instance) / "signer.log",
        os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC,
        0o600,
    )
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "kernel.seals.signer", "--instance", str(instance)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,  # because Ctrl-C in the terminal is not meant for it
        )
    finally:
        os.close(log)


signer = Slot[Signer]("signer")
"""The signer of the open node."""


def _slow() -> Unavailable:
    return Unavailable(
        "signer.slow",
        "签章程序没有及时答复，请稍后再试；重复办理不会重复用印。",
        "The signer did not answer in time; try again in a moment. Nothing is sealed twice.",
    )


def _not_started(instance: Path) -> Unavailable:
    log = instance / "run" / "signer.log"
    return Unavailable(
        "signer.start",
        f"签章程序没有启动成功，原因见 {log}。请通知系统管理员，处理后再试。",
        f"The signer could not be started; {log} says why. Tell the system administrator.",
    )
