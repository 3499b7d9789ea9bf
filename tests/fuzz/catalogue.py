"""All parsers that read what a person or a peer can send, and what is read that nobody can."""

from __future__ import annotations

from tests.fuzz import crypto_parsers, exchange_parsers, file_parsers, text_parsers
from tests.fuzz.running import Parser

PARSERS: dict[str, Parser] = {
    parser.name: parser
    for room in (crypto_parsers, exchange_parsers, file_parsers, text_parsers)
    for parser in room.PARSERS
}

OF_OUR_OWN: dict[str, str] = {
    "kernel/acts/changes.py": "acts from our own table, verified when they were performed",
    "kernel/acts/deeds.py": "our own table, held against the log (threat 7)",
    "kernel/acts/house/key_rows.py": "statements from our own table, held against acts (threat 7)",
    "kernel/acts/house/node_facts.py": "acts from our own table, held against the log (threat 7)",
    "kernel/acts/house/reading.py": "acts from our own table",
    "kernel/acts/house/generating.py": "acts from our own table",
    "kernel/acts/ledger.py": "our own table, held against the log (threat 7)",
    "kernel/acts/models.py": "acts from our own table",
    "kernel/acts/people.py": "statements from our own table, whose signature was verified before",
    "kernel/acts/signatures.py": "acts from our own table",
    "kernel/acts/standing.py": "our own table, held against the log (threat 7)",
    "kernel/acts/statement.py": "the statement that this node has stored for the signature",
    "kernel/admitted/register.py": "a text of our own founding, checked against its signed digest",
    "kernel/crypto/acts_batch.py": "part of act-record",
    "kernel/exchange/building.py": "envelopes from our own table",
    "kernel/exchange/deadlines.py": "evidence from our own table",
    "kernel/exchange/ledger.py": "our own table, held against the log (threat 7)",
    "kernel/exchange/chosen.py": "acts from our own table",
    "kernel/portal/views/audit.py": "acts from our own table",
    "kernel/exchange/receipts.py": "the sealed file from our own store, verified at its receipt",
    "kernel/exchange/records.py": "answers of our own signer, evidence from our own table",
    "kernel/exchange/settling.py": "answers of our own signer",
    "kernel/exchange/shown_packages.py": "our own table, held against the log (threat 7)",
    "kernel/exchange/submission.py": "evidence that this node has just made",
    "kernel/exchange/tables/0004_times_of_evidence.py": "evidence from our own table",
    "kernel/founding.py": "what the founding itself wrote",
    "kernel/generating.py": "rows that it has made up itself",
    "kernel/identity/authority.py": "the keys and certificates of this node",
    "kernel/identity/challenges.py": "challenges from our own table",
    "kernel/identity/credentials.py": "statements from our own table, signed by our own authority",
    "kernel/identity/enrolments.py": "challenges from our own table",
    "kernel/node.py": "what the founding wrote",
    "kernel/portal/assets.py": "our own lock file",
    "kernel/portal/ctx.py": "the cookie for the next page: request-headers reads it",
    "kernel/portal/topics.py": "help texts that ship with the product and its plugins",
    "kernel/portal/views/proposals.py": "acts from our own table",
    "kernel/reference.py": "shipped with the program",
    "kernel/rehearsal.py": "what our own verifier prints",
    "kernel/seals/content.py": "documents from our own table",
    "kernel/seals/pdf_parts.py": "the impression that this node has drawn",
    "kernel/seals/signer_client.py": "answers of our own signer",
    "kernel/seals/signer_journal.py": "the signer's own journal",
    "kernel/seals/signer_rules.py": "requests of our own node, on a socket that only it opens",
    "kernel/seals/signer_vault.py": "the signer's own vault",
    "kernel/seals/signer_wire.py": "requests of our own node, on a socket that only it opens",
    "kernel/seals/signer_work.py": "requests of our own node, on a socket that only it opens",
    "kernel/storage/backup/tables.py": "tables in a backup, after its signature was verified",
    "kernel/storage/backup/writing.py": "it writes the tar",
    "kernel/storage/blobs.py": "our own store; what is altered there is threat 8",
    "kernel/storage/comparing.py": "our own table, held against the log (threat 7)",
    "kernel/storage/fields.py": "our own tables",
    "kernel/storage/lock.py": "what another process of this node wrote",
    "kernel/storage/log.py": "our own log; what is altered there is threat 7",
    "kernel/storage/log_check.py": "our own log; what is altered there is threat 7",
    "kernel/testing_forks.py": "what tests ask of the process that forks for them",
    "kernel/work/incidents.py": "our own log of incidents",
    "kernel/work/typesetter.py": "answers of the typesetter",
    "kernel/work/workshop_wire.py": "our own child process",
    "kernel/acts/house/calendar.py": "a day of the form; any ValueError is answered",
    "kernel/work/calendar.py": "shipped with the program, and days from our own table",
    "plugins/announcements/models.py": "days from our own table",
    "plugins/announcements/acts.py": "a day of the form; any ValueError is answered",
    "plugins/documents/acts/issuing.py": "dates from our own table",
    "plugins/documents/acts/sealing.py": "statements from our own table",
    "plugins/documents/checking.py": "shipped with the plugin",
    "plugins/documents/commands.py": "a file of the administrator; any ValueError is answered",
    "plugins/documents/morning.py": "shipped with the program",
    "plugins/documents/pages/files.py": "a sheet that the same page has written",
    "plugins/documents/pages/words.py": "dates from our own table",
    "plugins/documents/sheets.py": "sheets and dates from our own tables",
    "plugins/softkey/keys.py": "the file of the demo's own keys",
    "plugins/webauthn/keys.py": "statements from our own tables",
    "plugins/workflow/definition.py": "shipped with the plugin that needs the flow",
    "plugins/documents/generated.py": "rows that it has made up itself",
}
"""Files that read raw text or bytes which no person and no peer can send, and where they come from.

A test finds every file of the product that reads raw input; it is measured for a parser or here."""


def measured() -> set[str]:
    """The modules that a parser of the catalogue is about, as files."""
    modules = {module for parser in PARSERS.values() for module in parser.modules}
    return {module.replace(".", "/") + ".py" for module in modules}
