"""The verbs: what can be done with a document, in the order in which it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.api import Level
from plugins.documents.acts.approving import office_review, review, send_back, sign_off
from plugins.documents.acts.issuing import assign_number, dispatch, plan_dispatch, typeset
from plugins.documents.acts.receiving import read
from plugins.documents.acts.sealing import record_seal, seal, seal_failed
from plugins.documents.acts.writing import (
    discard,
    draft,
    open_,
    save,
    submit,
    withdraw,
)

VERBS: list[Callable[..., Any]] = [
    draft,
    save,
    discard,
    submit,
    open_,
    withdraw,
    review,
    office_review,
    send_back,
    sign_off,
    assign_number,
    typeset,
    seal,
    record_seal,
    seal_failed,
    plan_dispatch,
    dispatch,
    read,
]

_ALL = ("drafter", "section_head", "office_director", "leader", "seal_keeper", "document_clerk")
LEVELS = [
    Level("documents.view", "查看公文", "See documents", _ALL),
    Level("documents.draft", "拟稿", "Draft", ("drafter",)),
    Level("documents.review", "科室核稿", "Section review", ("section_head",)),
    Level("documents.office_review", "办公室核稿", "Office review", ("office_director",)),
    Level("documents.sign", "签发", "Sign off", ("leader",)),
    Level("documents.number", "编号和排版", "Number and typeset", ("document_clerk",)),
    Level("documents.seal", "用印", "Seal", ("seal_keeper",)),
    Level("documents.dispatch", "分发", "Dispatch", ("document_clerk",)),
    Level("documents.receive", "收文办理", "Receive", ("office_director", "document_clerk")),
]
