import pytest
from django.test import Client

from tests.factories import UserFactory


@pytest.fixture
def superuser(db):
    return UserFactory(email="ops@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def admin(superuser):
    """A browser of the superuser, logged in."""
    client = Client()
    client.force_login(superuser)
    return client
