"""Destinations made over HTTP."""

import pytest

from notifications.models import HogFunction
from tests.notifications.delivering import webhook


@pytest.fixture
def make(api):
    def make(**fields) -> HogFunction:
        answer = api.post("hog_functions/", fields)
        assert answer.status_code == 201, answer.json()
        return HogFunction.objects.get(id=answer.json()["id"])

    return make


@pytest.fixture
def hook(make, outside):
    return make(**webhook(outside.url("/hook")))
