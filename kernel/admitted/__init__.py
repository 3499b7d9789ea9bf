"""What the founding admitted: its register, and holding the rows against it."""

from kernel.admitted.reconciling import reconcile

__all__ = ["reconcile"]
