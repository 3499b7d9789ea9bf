"""The office of these tests has issued the notice once."""

from tests.exchange.conftest import _offices

__all__ = ["_offices"]
