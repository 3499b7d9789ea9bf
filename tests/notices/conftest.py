"""Each test begins with an office that has sent a notice to the finance bureau and others."""

from tests.exchange.conftest import _offices, later

__all__ = ["_offices", "later"]
