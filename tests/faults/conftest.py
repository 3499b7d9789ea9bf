"""The office in which the notice was sent once, as for the exchange."""

from tests.exchange.conftest import _offices

__all__ = ["_offices"]
