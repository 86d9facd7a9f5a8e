import pytest

from tests.notifications.standin import StandIn


@pytest.fixture
def outside(settings):
    """A server out there that this one may call."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    server = StandIn()
    yield server
    server.stop()
