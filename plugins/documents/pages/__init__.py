"""The pages under /documents."""

from __future__ import annotations

from plugins.documents.pages import (
    acting,
    attaching,
    briefs,
    files,
    incoming,
    lists,
    printing,
    scans,
    sheet,
    versions,
    word,
    writing,
)

briefs_of = briefs.briefs
ROUTES = [
    lists.out_page,
    writing.new_page,
    sheet.document_page,
    printing.print_page,
    printing.print_body_page,
    acting.act_page,
    versions.versions_page,
    versions.compare_page,
    writing.edit_page,
    writing.autosave_page,
    writing.preview_page,
    word.word_page,
    attaching.attachments_page,
    attaching.remove_page,
    files.page_image,
    files.pdf_file,
    files.text_page,
    scans.scan_page,
    lists.in_page,
    incoming.incoming_page,
    incoming.read_page,
]
