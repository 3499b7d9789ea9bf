"""The register of the kernel's own pages."""

from __future__ import annotations

from kernel.portal.routing import PageRoute
from kernel.portal.views import (
    account,
    admin,
    batches,
    boxes,
    files,
    home,
    proposals,
    resume,
    rollout,
    search,
    signing,
)

ROUTES: list[PageRoute] = [
    account.login,
    account.logout,
    account.switch,
    account.display,
    account.me,
    account.help_page,
    account.feedback,
    home.home,
    home.tasks_page,
    search.search,
    signing.confirm,
    batches.batch_page,
    batches.again_page,
    batches.read_page,
    batches.sign_for_page,
    boxes.inbox,
    boxes.delivery,
    boxes.sign_for_page,
    boxes.send_back_page,
    boxes.outbox_page,
    boxes.package_page,
    boxes.recall_page,
    files.body_page,
    files.body_pdf,
    files.body_text,
    files.package_file,
    admin.plugins_page,
    admin.switch_page,
    admin.log_page,
    proposals.proposals_page,
    proposals.confirm_page,
    rollout.rollout_page,
    resume.resume_page,
]
