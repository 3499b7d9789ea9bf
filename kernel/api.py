"""Everything that a plugin may import. Nothing else of the kernel is public.

The names are grouped by what they are for; PLUGINS.md shows how they are used together.
"""

from __future__ import annotations

from kernel.acts import deeds, notices, numbering, numbers, opinions, outbox, tasks, whose
from kernel.acts.agenda import Waiting
from kernel.acts.context import this_act, this_moment
from kernel.acts.gate import Done, by_node, do, perform, prepare
from kernel.acts.gate import stale as stale_form
from kernel.acts.generated import Generation
from kernel.acts.guards import scan
from kernel.acts.house.reading import note as note_reading
from kernel.acts.ink import read_ink
from kernel.acts.models import Opinion, Task
from kernel.acts.numbers import DocNumber
from kernel.acts.prepared import PreparedAct
from kernel.acts.signatures import record as act_record
from kernel.acts.subjects import Ref, Subject, find
from kernel.acts.terminal import act_at, desk_at
from kernel.acts.verbs import Verb, act
from kernel.crypto import canonical, webauthn
from kernel.crypto.credential_format import verify_signature as verify_by_statement
from kernel.crypto.ids import now, parse_stamp, stamp, uuid7
from kernel.crypto.suites import (
    PrivateKey,
    PublicKey,
    load_private,
    load_public,
    new_key,
    private_pem,
    public_b64,
)
from kernel.crypto.suites import sign as sign_bytes
from kernel.crypto.suites import verify as verify_signature
from kernel.deferred import pattern
from kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    OfficeError,
    Refused,
    Stale,
    Unavailable,
    Unverified,
)
from kernel.exchange.kinds import ExchangeKind
from kernel.exchange.models import Delivery, Package
from kernel.exchange.outbound import Letter, Recipient, check_recipients, plan, release
from kernel.exchange.receipts import Tally, contents_of, evidence_of, report_of, tallies
from kernel.exchange.submission import Receipt as PackageReceipt
from kernel.exchange.submission import submit as submit_package
from kernel.exchange.taxonomy import TAXONOMY
from kernel.hooks import hookimpl
from kernel.identity import units
from kernel.identity.authenticators import (
    Authenticator,
    BrowserAuthenticator,
    Offered,
    Signature,
)
from kernel.identity.desk import Desk, ServiceDesk
from kernel.identity.models import Person, Post, Unit, UnitGroup
from kernel.identity.phases import connected
from kernel.identity.rights import ROLES as rights_roles
from kernel.identity.rights import Level, rights
from kernel.node import open_node
from kernel.portal.answers import download, image_answer
from kernel.portal.brief import Brief, Move, apart
from kernel.portal.conflict import conflict, keeping
from kernel.portal.ctx import Ctx, settings
from kernel.portal.fields import Check, Choice, Date, Files, Hidden, Number, Paragraphs, Text
from kernel.portal.forms import Form
from kernel.portal.i18n import Lazy, _, _l, language, speaking
from kernel.portal.ink import Ink
from kernel.portal.ink import picture as ink_picture
from kernel.portal.items import href_of
from kernel.portal.lists import Column, Filter, ListSpec, Sort, build, counting, from_query
from kernel.portal.month import CalendarItem, rest_day_note
from kernel.portal.page import MenuItem
from kernel.portal.panels import Panel
from kernel.portal.parts import PageImage, Phrase, Receipt, ReceiptBook, SealLine, Tab
from kernel.portal.phrases import usual_phrases
from kernel.portal.picker import Branch, Leaf, Units
from kernel.portal.pinyin import spelled
from kernel.portal.routing import SIGNED_IN, page
from kernel.portal.sealed import page_images, seal_line
from kernel.portal.starring import star_of
from kernel.portal.timeline import Entry, Step, row_of_steps, with_stays
from kernel.portal.urls import url
from kernel.portal.words import date_cn, end_of, ended_word, local, whole
from kernel.seals.content import content_of
from kernel.seals.custody import keepers_of, seal_of
from kernel.seals.models import Seal
from kernel.seals.signer_client import signer
from kernel.settings import Settings
from kernel.settings import load as load_settings
from kernel.storage import comparing, search
from kernel.storage.blobs import blobs
from kernel.storage.bulk import insert_tuples
from kernel.storage.comparing import ReconcilerIn
from kernel.storage.database import (
    JSONField,
    Model,
    UTCField,
    connection,
    in_transaction,
    snapshot,
    transaction,
)
from kernel.storage.search import Entry as SearchEntry
from kernel.storage.writing import Ready
from kernel.work.calendar import working_days
from kernel.work.levels import level_of
from kernel.work.sheet import Attachment, Sheet
from kernel.work.uploads import Upload
from kernel.work.workshop import Placement, Typeset, workshop

__all__ = [
    # Declaring acts and objects
    "this_act",
    "Done",
    "PreparedAct",
    "by_node",
    "do",
    "perform",
    "prepare",
    "Opinion",
    "Task",
    "Ref",
    "Subject",
    "find",
    "Verb",
    "act",
    # What acts leave behind
    "notices",
    "numbers",
    "working_days",
    "opinions",
    "outbox",
    "tasks",
    "scan",
    "DocNumber",
    "act_record",
    # Small things
    "canonical",
    "now",
    "pattern",
    "parse_stamp",
    "stamp",
    "uuid7",
    # Refusals
    "Conflict",
    "Invalid",
    "NotFound",
    "OfficeError",
    "Refused",
    "Stale",
    "Unavailable",
    "Unverified",
    # The exchange
    "ExchangeKind",
    "Delivery",
    "Package",
    "Letter",
    "Recipient",
    "plan",
    "release",
    "contents_of",
    "PackageReceipt",
    "submit_package",
    "TAXONOMY",
    # Hooks
    "hookimpl",
    # People and units
    "units",
    "Authenticator",
    "Signature",
    "Desk",
    "ServiceDesk",
    "Person",
    "Post",
    "Unit",
    "UnitGroup",
    "Level",
    # Pages
    "Ctx",
    "Check",
    "Choice",
    "Date",
    "Files",
    "Hidden",
    "Number",
    "Paragraphs",
    "Text",
    "Form",
    "_",
    "_l",
    "speaking",
    "href_of",
    "Column",
    "Filter",
    "ListSpec",
    "Sort",
    "build",
    "from_query",
    "CalendarItem",
    "rest_day_note",
    "MenuItem",
    "Waiting",
    "Panel",
    "PageImage",
    "Phrase",
    "Receipt",
    "ReceiptBook",
    "SealLine",
    "Tab",
    "Units",
    "SIGNED_IN",
    "page",
    "Entry",
    "Step",
    "row_of_steps",
    "url",
    "download",
    "image_answer",
    # Seals
    "content_of",
    "seal_of",
    "Seal",
    "signer",
    # Storage
    "search",
    "blobs",
    "JSONField",
    "Model",
    "UTCField",
    "connection",
    "transaction",
    "SearchEntry",
    "Ready",
    # The document workshop
    "level_of",
    "Attachment",
    "Sheet",
    "Placement",
    "Typeset",
    "Upload",
    "whole",
    "workshop",
    # At a terminal
    "act_at",
    "desk_at",
    "open_node",
    "settings",
    "Settings",
    "load_settings",
    # Keys
    "PrivateKey",
    "PublicKey",
    "load_private",
    "load_public",
    "new_key",
    "private_pem",
    "public_b64",
    "sign_bytes",
    "verify_signature",
    # More of the above
    "end_of",
    "ended_word",
    "evidence_of",
    "report_of",
    "Tally",
    "tallies",
    "rights",
    "Branch",
    "Leaf",
    "with_stays",
    "page_images",
    "seal_line",
    "date_cn",
    "local",
    "keepers_of",
    "in_transaction",
    # More of the above
    "language",
    # More of the above
    "Lazy",
    # More of the above
    "connected",
    "stale_form",
    "conflict",
    "keeping",
    # More of the above
    "note_reading",
    "check_recipients",
    # What `log verify` asks
    "comparing",
    "ReconcilerIn",
    "deeds",
    "numbering",
    "whose",
    "snapshot",
    "this_moment",
    # Keys that speak to the browser
    "BrowserAuthenticator",
    "Offered",
    "verify_by_statement",
    "webauthn",
    # Finding people
    "rights_roles",
    "spelled",
    # Sentences that people use often
    "usual_phrases",
    # What people want to find again
    "star_of",
    # Lists that say how long they are
    "counting",
    # Cards of a leader
    "Brief",
    "Move",
    "apart",
    # Opinions written by hand
    "Ink",
    "ink_picture",
    "read_ink",
    # Rows that are made up for measuring
    "Generation",
    "insert_tuples",
]
