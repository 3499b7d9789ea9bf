"""Acts in somebody else's name, checked offline: the act that granted it is enclosed beside them.

The record of such an act has one more member, ``"grant": base64`` of the record of the granting
act (``house.delegate``), which proves who let whom do what, and from when to when. That it was not
taken back in between only the node knows, which asks before it performs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kernel.crypto.ids import parse_stamp

VERB = "house.delegate"
KINDS = {"delegated": "delegate", "transcribed": "transcribe"}
"""Mode of the act → kind of the grant."""


def needs_grant(act: Mapping[str, Any]) -> bool:
    """Whether an act is one in somebody else's name.

    :raises ValueError: its mode, acting-for and grant do not fit together.
    """
    if act["mode"] in KINDS:
        return True
    if act["mode"] not in ("self", "node") or act["acting_for"] is not None or act["grant"]:
        raise ValueError("mode")
    return False


def covers(grant: Mapping[str, Any], act: Mapping[str, Any]) -> bool:
    """Whether a granting act lets this act be done: person, post, verb, period, in whose name."""
    said, giver, desk = grant["params"], grant["desk"], act["desk"]
    whom = {"person": giver["person"], "post": giver["post"], "unit": giver["unit"]}
    same = (
        (grant["verb"], VERB),
        (grant["mode"], "self"),
        (grant["node"], act["node"]),
        (grant["act"], act["grant"]),
        (giver["organ"], desk["organ"]),
        (act["acting_for"], whom),
        (said["kind"], KINDS[act["mode"]]),
        (said["taker"], desk["post"]),
        (said["person"], desk["person"]),
    )
    if any(left != right for left, right in same):
        return False
    if not isinstance(said["names"], list) or act["verb"] not in said["names"]:
        return False
    if act["mode"] == "transcribed" and not _names_a_scan(act):
        return False
    issued = parse_stamp(act["issued"])
    return parse_stamp(said["starts"]) <= issued <= parse_stamp(said["ends"])


def _names_a_scan(act: Mapping[str, Any]) -> bool:
    return bool(re.fullmatch(r"sha256:[0-9a-f]{64}", str(act["params"].get("scan", ""))))
