"""Guards: plugins that may veto acts. While one is installed and not healthy, its acts refuse.

Installed is whatever was ever noted as a guard (:mod:`kernel.plugins.installed`) and not removed by
two people: deleting its folder or spoiling its manifest opens nothing.
"""

from __future__ import annotations

from typing import Any

from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb, texts_in
from kernel.deferred import pattern
from kernel.errors import Refused, Unavailable
from kernel.identity.desk import Desk
from kernel.plugins import installed
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard

SECONDS = 3.0
"""So long may a guard take; it reads a stored verdict and needs milliseconds."""
UNGUARDED = frozenset({"house.remove_guard", "house.confirm", "house.decline", "house.sign_out"})
"""What has to be possible while a guard is broken: removing it, by two people."""
UNSCANNED = UNGUARDED | {
    *("house.revoke_key", "house.revoke_certificate", "house.resume", "house.switch_plugin"),
}
"""What does not wait for a scanner that is out of order: stopping a lost key, mending the node."""
_CODE = pattern(r"[!-~]*")


def names_of(verb: str) -> frozenset[str]:
    """Who guards a verb: by its manifest, or by what was noted when it was installed."""
    return installed.of_verb(verb) | switchboard().guards_of(verb)


def ask(desk: Desk, verb: Verb, subject: Subject | None) -> None:
    """Ask every guard of this verb; raises the first refusal. Never fails open."""
    if verb.name in UNGUARDED:
        return
    board = switchboard()
    names = names_of(verb.name)
    answering = {impl.plugin_name for impl in bus().answering("guard")}
    for name in sorted(names):
        if not board.healthy(name) or name not in answering:
            raise Unavailable(
                "acts.guard_down",
                f"安全检查插件“{board.title(name)}”故障，相关操作已暂停。请联系系统管理员。",
                f"The guard {name!r} is not working: the act is refused. Tell the administrator.",
            )
    bus().veto("guard", among=names, seconds=SECONDS, desk=desk, verb=verb, subject=subject)


def read(verb: Verb, arguments: dict[str, Any]) -> None:
    """Let the scanners look at all that an act says: opinions, reasons, titles, names.

    At the gate, so that no verb forgets it. What is made up of signs of ASCII without a space
    (uids, digests, codes, moments) was typed by nobody and is left out: otherwise a scanner out of
    order would stop acts that say nothing.

    :raises Refused: what a scanner found, at the argument that says it (``field``).
    """
    for name, value in arguments.items():
        typed = [text for text in texts_in(value) if not _CODE.fullmatch(text)]
        if not typed or (verb.name in UNSCANNED and _down()):
            continue
        try:
            scan(*typed)
        except Refused as error:
            raise Refused(error.code, error.zh, error.en, field=name) from error


def _down() -> list[str]:
    board = switchboard()
    return [name for name in board.scanners if not board.healthy(name)]


def scan(*texts: str, of: str = "") -> None:
    """Let every installed scanner look at texts before they are stored.

    :param of: the digest of the object that will hold them; guards find their verdict by it.
    :raises Refused: what a scanner found; the texts are not kept anywhere.
    """
    if down := _down():
        raise Refused(
            "acts.scanner_down",
            f"内容检查插件“{switchboard().title(down[0])}”故障，暂时不能保存。请联系系统管理员。",
            f"The content check {down[0]!r} is not working; nothing can be saved now.",
        )
    bus().veto("scan", texts=[text for text in texts if text], of=of)
