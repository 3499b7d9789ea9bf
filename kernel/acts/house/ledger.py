"""Holding keys and rights against the acts that decided them, for ``log verify``."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.acts.deeds import deeds
from kernel.acts.granted import is_granted
from kernel.acts.house.guarding import by_the_acts
from kernel.acts.standing import resumed
from kernel.crypto import canonical, suites, x509
from kernel.errors import OfficeError
from kernel.identity import revocation
from kernel.identity.authority import authority
from kernel.identity.models import Credential, Delegation, Grant, RevokedCertificate
from kernel.plugins.installed import InstalledGuard
from kernel.plugins.switches import Activation
from kernel.storage.comparing import Found, Step, differs, uncounted
from kernel.storage.database import snapshot
from kernel.storage.log_check import stored_bytes

_ADVICE = "请报安全保密管理员", "tell the security administrator"


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name keys without a statement, what was undone, and rights that nobody signed."""
    for check in (_keys, _revocations, _grants, _delegations, _switches, _guards):
        with snapshot():
            found = [*check()]
        yield from found
        step(1)


def _said(zh: str, en: str) -> str:
    return f"{zh}，{_ADVICE[0]} / {en}: {_ADVICE[1]}"


def _keys() -> Iterator[Found]:
    people = authority().public_key("people")
    for row in Credential.select():
        said = stored_bytes(row.statement)
        try:
            suites.verify(people, said, stored_bytes(row.signature))
            facts = canonical.loads(said)
        except OfficeError:
            yield (
                f"key {row.uid}",
                _said("没有本节点签发的凭证", "carries no statement of this node's authority"),
            )
            continue
        if (facts["credential"], facts["person"], facts["kind"]) != (row.uid, row.person, row.kind):
            yield f"key {row.uid}", _said("与其凭证不符", "is not what its statement says")


def _revocations() -> Iterator[Found]:
    told = list(resumed())
    revoked = {str(one.params["credential"]) for one in deeds("house.revoke_key")}
    revoked |= {str(uid) for one in told for uid in one.params["revoked"]}
    for row in Credential.select(Credential.uid, Credential.revoked):
        if row.uid in revoked and row.revoked is None:
            yield (
                f"key {row.uid}",
                _said("已由办理吊销，又可使用", "was revoked by an act and works again"),
            )
    noted = {row.act for row in RevokedCertificate.select(RevokedCertificate.act)}
    for deed in deeds("house.revoke_certificate"):
        if deed.uid not in noted:
            yield (
                f"certificate of act {deed.uid}",
                _said("已吊销，但吊销名单中没有", "was revoked and is on no list any more"),
            )
    taken = {(row.authority, row.serial) for row in RevokedCertificate.select()}
    for one in told:
        for pem in dict.fromkeys(one.params["certificates"]):
            cert = x509.load_cert(str(pem).encode())
            serial = f"{cert.serial_number:x}"
            if (revocation.authority_of(cert), serial) not in taken:
                yield (
                    f"certificate {serial} of act {one.uid}",
                    _said(
                        "恢复运行时已吊销，但吊销名单中没有",
                        "was revoked when the node resumed and is on no list any more",
                    ),
                )


def _grants() -> Iterator[Found]:
    said = {
        (one.uid, one.params["post"], one.params["level"], one.params["given"]): one.uid
        for one in deeds("house.grant")
    }
    for row in Grant.select():
        if said.pop((row.act, row.post, row.level, row.given), None) is None:
            yield (
                f"grant {row.uid}",
                _said("没有任何办理决定过此授权", "was not decided by any act"),
            )
    for act in said.values():
        yield (
            f"grant of act {act}",
            _said("此授权或收回已签名，但库中没有", "was signed, and its row is gone or another"),
        )


def _switches() -> Iterator[Found]:
    """The switches of plugins: an act on one may have moved those that it needs, too."""
    said = {one.uid: one.params for one in deeds("house.switch_plugin")}
    moved: set[tuple[str, str]] = set()
    for row in Activation.select().order_by(Activation.id):
        signed = said.get(row.act)
        moved.add((row.act, row.plugin))
        if signed is None or (row.organ, row.on) != (signed["organ"], signed["on"]):
            yield (
                f"switch of {row.plugin} for {row.organ}",
                _said("插件启停不是任何办理所决定", "was not decided by any act"),
            )
    for act, signed in said.items():
        if (act, signed["plugin"]) not in moved:
            yield (
                f"switch of {signed['plugin']} for {signed['organ']}",
                _said(
                    f"办理 {act} 决定的启停，库中没有",
                    f"was decided by act {act}, and its row is gone or another",
                ),
            )


def _delegations() -> Iterator[Found]:
    ended = {str(one.params["delegation"]) for one in deeds("house.end_delegation")}
    for row in Delegation.select():
        if not is_granted(row):
            yield (
                f"delegation {row.uid}",
                _said("不是委托人所签的委托", "is not what its giver signed"),
            )
        if row.uid in ended and row.ended is None:
            yield (
                f"delegation {row.uid}",
                _said("已由办理终止，又在生效", "was ended by an act and holds again"),
            )


_BEHIND = ("所依据的办理", "the act behind it")


def _guards() -> Iterator[Found]:
    rows = {row.name: row for row in InstalledGuard.select()}
    for name, (verbs, act) in by_the_acts().items():
        row = rows.get(name)
        if row is not None and row.act != act:
            yield f"guard {name}", differs(_BEHIND, row.act, act)
        if row is None or row.removed:
            yield (
                f"guard {name}",
                _said(
                    "安全检查插件没有经两人移除，库中却已移除或没有；重新启动后自动恢复",
                    "was removed by no two people, and its row is gone or says so; it stands again"
                    " when the node is started anew",
                ),
            )
        elif set(verbs) - set(row.verbs):
            yield (
                f"guard {name}",
                _said("所检查的办理动作少于登记的", "guards fewer verbs than its act says"),
            )
