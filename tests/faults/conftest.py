"""The office in which the notice was sent once, as for the exchange."""

from tests.exchange.conftest import _office_template

__all__ = ["_office_template"]
