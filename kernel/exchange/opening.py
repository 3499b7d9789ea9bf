"""Opening a delivery: verified first, noted once (接收时首先验证电子公文真实性)."""

from __future__ import annotations

from kernel.acts.gate import do
from kernel.exchange.inbound import open_delivery
from kernel.exchange.models import Delivery
from kernel.exchange.receipts import Report, report_of
from kernel.identity.desk import Desk


def open_once(desk: Desk, delivery: Delivery) -> Report:
    """Verify the package and note the first opening; reading again notes nothing."""
    report = report_of(delivery.package)
    if desk.has("exchange.view") and (
        delivery.opened is None or (report.ok and delivery.verified is None)
    ):
        do(
            desk,
            open_delivery,
            delivery,
            verified=report.ok,
            level="demo" if report.demo else "formal",
        )
    return report
