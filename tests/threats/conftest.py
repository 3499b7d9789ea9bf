"""The office of these tests has issued the notice once."""

from tests.exchange.conftest import _offices, later

__all__ = ["_offices", "later"]
