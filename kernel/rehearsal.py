"""A rehearsal of the main job on a throw-away node, with everything verified.

The founding notice goes to its addressees in phase 1, a second notice to every other box in phase
3. Every recipient verifies the package with the stand-alone verifier, signs for it with his
clerk's key, and his receipt is verified as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from kernel.acts.house import confirm, rollout
from kernel.acts.terminal import act_at, desk_at
from kernel.crypto.x509 import load_cert
from kernel.errors import Unverified
from kernel.exchange import evidence as evidences
from kernel.exchange import verify as standalone
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.terminal import receive
from kernel.founding import found
from kernel.identity.desk import Desk
from kernel.identity.models import Post
from kernel.node import open_node
from kernel.reference import ZHANGYE, Reference
from kernel.seals.signer_client import Signer
from kernel.seals.witnesses import witnesses
from kernel.settings import ROOT, Settings
from kernel.storage import log, log_check
from kernel.storage.blobs import blobs
from kernel.storage.database import connection

NOTICE, SECOND = ZHANGYE / "notice.json", ZHANGYE / "second.json"
MANAGE = ROOT / "manage.py"


class Rehearsed(Struct):
    """What became of one document. The counts are of units, each one checked by itself."""

    title: str
    number: str
    units: int
    delivered: int = 0
    signed_for: int = 0
    packages_verified: int = 0

    @property
    def ok(self) -> bool:
        """Whether it arrived, was verified and was signed for everywhere."""
        counts = {self.units, self.delivered, self.signed_for, self.packages_verified}
        return counts == {self.units} and self.units > 0


class Step(Struct):
    """One step and its seconds."""

    name: str
    seconds: float


class Result(Struct):
    """The result of a rehearsal.

    :ivar pdf_checked_with: whose verdicts ``pdf_verified`` sums up.
    """

    documents: list[Rehearsed] = field(default_factory=list)
    pdf_verified: bool = False
    pdf_checked_with: list[str] = field(default_factory=list)
    log_verified: bool = False
    problems: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything was verified."""
        documents = len(self.documents) == 2 and all(one.ok for one in self.documents)
        return documents and self.pdf_verified and self.log_verified and not self.problems


class Watcher(Struct):
    """Who is told how far it is: each step as it begins, and each unit that is done."""

    step: Callable[[str], object] = lambda _: None
    unit: Callable[[int, int], object] = lambda _, __: None


def rehearse(settings: Settings, reference: Reference, keep: Path, watcher: Watcher) -> Result:
    """Rehearse in an empty instance folder.

    :param reference: what the node is founded with.
    :param keep: where document.pdf, package.asice, evidence/ and root.pem of the first document
        are written, and those of the second one in ``second/``.
    :raises OfficeError: when a step could not be done at all.
    """
    run = _Rehearsal(settings, keep, watcher)
    try:
        with run.step("建立节点 found the node"):
            found(settings, reference)
        with open_node(settings):
            run.all()
    finally:
        Signer(settings.instance).shutdown()
    return run.result


class _Rehearsal:
    def __init__(self, settings: Settings, keep: Path, watcher: Watcher) -> None:
        self.result = Result()
        self._settings = settings
        self._keep = keep
        self._watcher = watcher
        self._root = settings.instance / "keys" / "root.pem"
        self._pdfs: list[bool] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._watcher.step(name)
        started = time.monotonic()
        yield
        self.result.steps.append(Step(name, round(time.monotonic() - started, 2)))

    def all(self) -> None:
        self._document(NOTICE, self._keep, "第一件 the founding notice")
        with self.step("推进到第三阶段（双人） advance to phase 3, two persons"):
            _advance(3)
        self._document(SECOND, self._keep / "second", "第二件 the second notice")
        with self.step("核验日志 verify the log"):
            self._verify_log()

    def _document(self, file: Path, keep: Path, name: str) -> None:
        with self.step(f"{name}：办理并发出 issue and send"):
            sent = self._send(file)
            package = sent["package"]
            found = Rehearsed(sent["title"], sent["number"], sent["recipients"])
            self.result.documents.append(found)
        with self.step(f"{name}：验证、签收 verify and sign for ×{found.units}"):
            self._receive(package, found)
        with self.step(f"{name}：验证回执 verify the evidence"):
            self._verify_evidence(package, found)
        with self.step(f"{name}：独立验证程序、PDF verifier, PDF"):
            self._keep_files(package, keep)
            self._verify_apart(keep)

    def _send(self, file: Path) -> dict[str, Any]:
        """By the command line, in a process of its own, as a program would do it."""
        command = [sys.executable, str(MANAGE), "--instance", str(self._settings.instance)]
        done = subprocess.run(
            [*command, "document", "send", str(file), "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unverified(
                "rehearsal.send",
                f"没有发出：{done.stderr.strip()}。请先排除上述问题再演练。",
                f"It was not sent: {done.stderr.strip()}. Mend that and rehearse again.",
            )
        facts: dict[str, Any] = json.loads(done.stdout)
        return facts

    def _receive(self, package: str, found: Rehearsed) -> None:
        """Each recipient reads his own copy from his box, verifies it, and signs for it."""
        with connection():
            rows = list(Delivery.select().where(Delivery.package == package).order_by(Delivery.id))
        found.delivered = len(rows)
        roots = [load_cert(self._root.read_bytes())]
        for done, row in enumerate(rows, 1):
            with connection():
                copy = blobs().get(row.package.blob)
            verdict = standalone.Verification(copy, roots).run()
            if verdict.level == "demo":
                found.packages_verified += 1
            else:
                self._problem(f"{row.organ}: {standalone.report(verdict)}")
            receive(row)
            self._watcher.unit(done, len(rows))

    def _verify_evidence(self, package: str, found: Rehearsed) -> None:
        """A unit counts as signed for when its receipt holds and speaks of this package."""
        roots = [load_cert(self._root.read_bytes())]
        with connection():
            digest = Package.get(Package.uid == package).pkg_digest
            rows = list(Evidence.select().where(Evidence.package == package))
        signed: set[str] = set()
        for row in rows:
            facts = evidences.verify(bytes(row.record), roots)
            if facts.evidence.pkg_digest != digest:
                self._problem(f"{row.organ}: evidence about another package")
            elif facts.evidence.type == "C1":
                signed.add(facts.evidence.recipient)
        found.signed_for = len(signed)

    def _keep_files(self, package: str, keep: Path) -> None:
        folder = keep / "evidence"
        folder.mkdir(parents=True, exist_ok=True)
        with connection():
            row = Package.get(Package.uid == package)
            (keep / "document.pdf").write_bytes(blobs().get(row.body))
            (keep / "package.asice").write_bytes(blobs().get(row.blob))
            (keep / "root.pem").write_bytes(self._root.read_bytes())
            for one in Evidence.select().where(Evidence.package == package):
                name = f"{one.type}-{one.organ or 'node'}.json"
                (folder / name).write_bytes(bytes(one.record))

    def _verify_apart(self, keep: Path) -> None:
        """The verifier as a process of its own, and whoever on this machine knows sealed PDFs."""
        files = [str(keep / "package.asice"), "--root", str(keep / "root.pem")]
        command = [sys.executable, standalone.__file__, *files, "--evidence"]
        done = subprocess.run(
            [*command, str(keep / "evidence")], capture_output=True, text=True, check=False
        )
        if done.returncode:
            self._problem(done.stdout + done.stderr)
        verdicts = witnesses(keep / "document.pdf", keep / "root.pem")
        objections = [f"{name}: {text}" for name, text in verdicts.items() if text]
        self.result.problems += objections
        self.result.pdf_checked_with = list(verdicts)
        self._pdfs.append(not objections)
        self.result.pdf_verified = all(self._pdfs)

    def _verify_log(self) -> None:
        while log.integrate():
            log.checkpoint()
        report = log_check.verify()
        self.result.log_verified = report.ok
        self.result.problems += [f"{one.where}: {one.what}" for one in report.problems]

    def _problem(self, text: str) -> None:
        self.result.problems.append(text)


def _advance(phase: int) -> None:
    """One administrator proposes, another one confirms."""
    with connection():
        first, second = (_holder(role) for role in ("system_admin", "security_admin"))
    proposal = act_at(first, rollout.advance, phase=phase).result
    act_at(second, confirm.confirm, proposal)


def _holder(role: str) -> Desk:
    post = next(post for post in Post.select() if role in post.roles)
    return desk_at(post)
