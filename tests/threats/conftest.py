"""The office of these tests has issued the notice once."""

from tests.exchange.conftest import _offices, later
from tests.portal.conftest import browser, pytest_runtest_makereport

__all__ = ["_offices", "browser", "later", "pytest_runtest_makereport"]
