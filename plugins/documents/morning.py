"""What lies on the desks when a demonstration begins: real acts, in the state of a morning."""

from __future__ import annotations

import json
from pathlib import Path

from plugins.documents import line


def furnish(reference: Path) -> None:
    """Take the documents of ``documents.json`` as far along their way as it says.

    Each entry has ``until`` (one of :data:`plugins.documents.line.STEPS`) and either ``document``
    or ``file``, the name of another file of the folder.
    """
    file = reference / "documents.json"
    entries = json.loads(file.read_text("utf-8")) if file.is_file() else []
    for entry in entries:
        data = entry.get("document") or json.loads((reference / entry["file"]).read_text("utf-8"))
        line.issue(data, until=entry["until"])
