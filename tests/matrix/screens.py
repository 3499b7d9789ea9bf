"""Every screen of the portal: who looks at it, where, and what he does to get there.

A page of the register (tests/kernel/register.toml) that answers GET stands here at least once, or
in :data:`FILES`; a new page that does neither fails ``test_catalogue``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Screen:
    """One screen.

    :ivar page: the path in the register; empty for what is only seen after a POST or a refusal.
    :ivar person: who is signed in; nobody where empty.
    :ivar at: the address, with names of the scene's facts in braces.
    :ivar fill: what is typed, by CSS selector. :ivar press: what is pressed then, one by one.
    :ivar sample: whether it is among the few of the ordinary run.
    """

    name: str
    page: str
    person: str
    at: str
    fill: Mapping[str, str] = field(default_factory=dict)
    press: tuple[str, ...] = ()
    sample: bool = False

    @property
    def plain(self) -> bool:
        """Whether one gets there without scripts."""
        return not any("data-check-all" in selector for selector in self.press)

    def address(self, facts: Mapping[str, str]) -> str:
        """The path in this office."""
        return self.at.format_map(facts)


DRAFTER, HEAD, DIRECTOR, LEADER = "林晓梅", "王芳", "李建国", "周海涛"
CLERK, KEEPER, FINANCE, EDUCATION = "孙倩", "赵敏华", "刘志强", "陈静"
SYSTEM, SECURITY, AUDIT = "杨帆", "何静", "高峰"
OUT, BOX = "/documents/out/{uid}", "/exchange/outbox/{uid}"
SUBMIT = "main form:has(input[name=version]) .btn--primary"


def _after(deed: str) -> Screen:
    """A page of what can be done after a dispatch."""
    page = f"/exchange/outbox/{{uid}}/{deed}"
    return Screen(f"after-{deed}", page, CLERK, f"/exchange/outbox/{{package_waiting}}/{deed}")


SCREENS = (
    # Without a desk
    Screen("login", "/login", "", "/login", sample=True),
    Screen("login-nobody", "/login", "", "/login?q=%E6%97%A0%E6%AD%A4%E4%BA%BA"),
    Screen("enrol", "/enrol", "", "/enrol"),
    Screen("enrol-wrong", "", "", "/enrol", {"#enrol-code": "ABCD"}, ("main .btn--primary",)),
    # Home, tasks, search
    Screen("home-clerk", "/", CLERK, "/", sample=True),
    Screen("home-drafter", "/", DRAFTER, "/"),
    Screen("home-leader", "/", LEADER, "/"),
    Screen("home-recipient", "/", FINANCE, "/"),
    Screen("home-empty", "/", AUDIT, "/"),
    Screen("tasks", "/tasks", HEAD, "/tasks", sample=True),
    Screen("tasks-toread", "/tasks", FINANCE, "/tasks?tab=toread"),
    Screen("tasks-drafts", "/tasks", DRAFTER, "/tasks?tab=drafts"),
    Screen("tasks-starred", "/tasks", CLERK, "/tasks?tab=starred"),
    Screen("tasks-starred-none", "/tasks", AUDIT, "/tasks?tab=starred"),
    Screen("tasks-none", "/tasks", HEAD, "/tasks?q=%E6%B2%A1%E6%9C%89"),
    Screen("search", "/search", CLERK, "/search?q=%E9%80%9A%E7%9F%A5"),
    Screen("search-empty", "/search", CLERK, "/search"),
    # My own
    Screen("me", "/me", CLERK, "/me"),
    Screen("security", "/account/security", CLERK, "/account/security"),
    Screen("delegations", "/account/delegations", DIRECTOR, "/account/delegations"),
    Screen("delegations-two", "", LEADER, "/account/delegations"),
    Screen("delegations-taken", "/account/delegations", HEAD, "/account/delegations"),
    Screen("help", "/help", CLERK, "/help"),
    Screen("help-topic", "/help/{topic}", CLERK, "/help/documents.edit"),
    Screen("help-door", "/help/{topic}", "", "/help/login"),
    Screen("feedback", "/feedback", CLERK, "/feedback"),
    Screen("notices", "/me/notices", CLERK, "/me/notices"),
    Screen("reminders", "/me/reminders", CLERK, "/me/reminders"),
    Screen("phrases", "/me/phrases", LEADER, "/me/phrases"),
    Screen("calendar", "/calendar", CLERK, "/calendar"),
    Screen("calendar-list", "/calendar", CLERK, "/calendar?view=list"),
    Screen("calendar-days", "/admin/calendar", SYSTEM, "/admin/calendar"),
    Screen("announcements", "/announcements/", CLERK, "/announcements/"),
    Screen("announcement", "/announcements/{uid}", CLERK, "/announcements/{announcement}"),
    Screen("announcements-new", "/announcements/new", CLERK, "/announcements/new"),
    Screen("feedback-mine", "/feedback/", CLERK, "/feedback/"),
    Screen("feedback-one", "/feedback/{uid}", CLERK, "/feedback/{remark}"),
    Screen("feedback-answer", "/feedback/{uid}", SYSTEM, "/feedback/{remark}"),
    Screen("feedback-new", "/feedback/new", CLERK, "/feedback/new"),
    Screen("feedback-all", "/feedback/all", SYSTEM, "/feedback/all"),
    Screen("contacts", "/contacts/", CLERK, "/contacts/"),
    Screen("contacts-unit", "/contacts/units/{code}", CLERK, "/contacts/units/620700-CPCO"),
    Screen("contacts-mine", "/contacts/mine", CLERK, "/contacts/mine"),
    # Outgoing documents
    Screen("out", "/documents/out", CLERK, "/documents/out"),
    Screen("out-drafts", "/documents/out", DRAFTER, "/documents/out"),
    Screen("new", "/documents/out/new", DRAFTER, "/documents/out/new"),
    Screen("document-draft", OUT, DRAFTER, "/documents/out/{draft}"),
    Screen("document-returned", OUT, DRAFTER, "/documents/out/{returned}"),
    Screen("document-review", OUT, HEAD, "/documents/out/{submitted}"),
    Screen("document-office", OUT, DIRECTOR, "/documents/out/{reviewed}"),
    Screen("document-sign", OUT, LEADER, "/documents/out/{to_sign}", sample=True),
    Screen("document-number", OUT, CLERK, "/documents/out/{signed}"),
    Screen("document-typeset", OUT, CLERK, "/documents/out/{numbered}"),
    Screen("document-seal", OUT, KEEPER, "/documents/out/{typeset}"),
    Screen("document-dispatch", OUT, CLERK, "/documents/out/{sealed}"),
    Screen("document-sent", OUT, CLERK, "/documents/out/{sent1}"),
    Screen("document-body", OUT, CLERK, "/documents/out/{sent1}?tab=body"),
    Screen("document-attachments", OUT, DRAFTER, "/documents/out/{draft}?tab=attachments"),
    Screen("document-flow", OUT, CLERK, "/documents/out/{sent1}?tab=flow"),
    Screen("document-picture", OUT, CLERK, "/documents/out/{sent1}?tab=flow&view=picture"),
    Screen("document-versions", OUT, DRAFTER, "/documents/out/{draft}?tab=versions"),
    Screen("sheet-print", f"{OUT}/print", CLERK, "/documents/out/{sent1}/print"),
    Screen("body-print", f"{OUT}/print/body", CLERK, "/documents/out/{sent1}/print/body"),
    Screen("versions", f"{OUT}/versions", DRAFTER, "/documents/out/{returned}/versions"),
    Screen("compare", f"{OUT}/compare", DRAFTER, "/documents/out/{returned}/compare"),
    Screen("edit", f"{OUT}/edit", DRAFTER, "/documents/out/{draft}/edit"),
    Screen(
        "edit-wrong",
        "",
        DRAFTER,
        "/documents/out/{returned}/edit",
        {"#field-title": ""},
        ("main button[value=submit]",),
    ),
    Screen("word", f"{OUT}/word", DRAFTER, "/documents/out/{draft}/word"),
    Screen("attachments", f"{OUT}/attachments", DRAFTER, "/documents/out/{draft}/attachments"),
    Screen("text", f"{OUT}/text", CLERK, "/documents/out/{sent1}/text"),
    # The gate
    Screen(
        "confirm",
        "/acts/confirm",
        LEADER,
        "/documents/out/{to_sign}",
        {"textarea[name=opinion]": "同意印发。"},
        (SUBMIT,),
        sample=True,
    ),
    Screen(
        "batch",
        "/acts/batch",
        EDUCATION,
        "/exchange/inbox",
        press=("input[data-check-all]", ".batch .btn"),
    ),
    # What came in
    Screen("inbox", "/exchange/inbox", FINANCE, "/exchange/inbox"),
    Screen(
        "delivery", "/exchange/inbox/{uid}", FINANCE, "/exchange/inbox/{delivery_open}", sample=True
    ),
    Screen("delivery-late", "/exchange/inbox/{uid}", FINANCE, "/exchange/inbox/{delivery_new}"),
    Screen("delivery-asked", "/exchange/inbox/{uid}", FINANCE, "/exchange/inbox/{delivery_asked}"),
    Screen("delivery-back", "/exchange/inbox/{uid}", EDUCATION, "/exchange/inbox/{delivery_back}"),
    Screen(
        "delivery-text",
        "/files/{kind}/{uid}/text",
        FINANCE,
        "/files/delivery/{delivery_open}/text",
    ),
    Screen(
        "delivery-print",
        "/files/{kind}/{uid}/print",
        FINANCE,
        "/files/delivery/{delivery_open}/print",
    ),
    Screen("in", "/documents/in", FINANCE, "/documents/in"),
    Screen("incoming", "/documents/in/{uid}", FINANCE, "/documents/in/{incoming}"),
    # What went out
    Screen("outbox", "/exchange/outbox", CLERK, "/exchange/outbox"),
    Screen("receipts", BOX, CLERK, "/exchange/outbox/{package}"),
    Screen("receipts-waiting", BOX, CLERK, "/exchange/outbox/{package_waiting}"),
    *(_after(deed) for deed in ("recall", "urge", "resend", "deadline", "supersede", "void")),
    # Administrators
    Screen("plugins", "/admin/plugins", CLERK, "/admin/plugins"),
    Screen(
        "plugins-off",
        "",
        CLERK,
        "/admin/plugins",
        press=("form[action$='/workflow'] button",),
    ),
    Screen("look", "/admin/look", SYSTEM, "/admin/look"),
    Screen("keys", "/admin/keys", SECURITY, "/admin/keys"),
    Screen("keys-of", "/admin/keys/{uid}", SECURITY, "/admin/keys/{person}"),
    Screen("people", "/admin/people", SECURITY, "/admin/people"),
    Screen("rights", "/admin/people/{uid}/rights", SECURITY, "/admin/people/{post}/rights"),
    Screen("log", "/admin/log", AUDIT, "/admin/log"),
    Screen("rollout", "/admin/rollout", SYSTEM, "/admin/rollout"),
    Screen("effects", "/admin/effects", SYSTEM, "/admin/effects"),
    Screen("resume", "/admin/resume", SYSTEM, "/admin/resume"),
    Screen("proposals", "/admin/proposals", SECURITY, "/admin/proposals"),
    # Refusals
    Screen("refused", "", DRAFTER, "/admin/keys"),
    Screen("not-found", "", CLERK, "/documents/out/nothing"),
)

MANY = (
    Screen("many-home", "", CLERK, "/"),
    Screen("many-home-leader", "", LEADER, "/"),
    Screen("many-tasks", "", CLERK, "/tasks"),
    Screen("many-done", "", CLERK, "/tasks?tab=done"),
    Screen("many-out", "", CLERK, "/documents/out"),
    Screen("many-search", "", CLERK, "/search?q=%E5%B7%A5%E4%BD%9C"),
    Screen("many-contacts", "", CLERK, "/contacts/?q=%E7%8E%8B"),
    Screen("many-keys", "", SECURITY, "/admin/keys"),
    Screen("many-people", "", SECURITY, "/admin/people"),
    Screen("many-log", "", AUDIT, "/admin/log"),
    Screen("many-calendar", "", CLERK, "/calendar"),
)
"""Screens with as much on them as ``manage.py generate`` makes up."""

FIRST = (
    "login", "home-clerk", "home-leader", "tasks", "search", "document-sign", "document-sent",
    "document-body", "edit", "inbox", "delivery", "receipts", "calendar", "contacts",
)  # fmt: skip
"""The screens whose first paint is measured."""

FILES = {
    "/events": "a stream",
    "/me/notices/{uid}": "it leads on to what the notice is about",
    "/files/{kind}/{uid}/pages/{number:int}": "a picture",
    "/files/{kind}/{uid}/document.pdf": "a PDF",
    "/files/{kind}/{uid}/package.asice": "a package",
    "/exchange/evidence/{uid}": "a receipt to keep",
    "/looks/{organ}/logo.png": "a picture",
    "/documents/out/{uid}/pages/{number:int}": "a picture",
    "/documents/out/{uid}/document.pdf": "a PDF",
    "/documents/out/{uid}/scans/{digest}": "a scan",
}
"""Pages of the register that answer with a file instead of a screen."""
