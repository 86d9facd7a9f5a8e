"""What tests share: a project, its user, clients that speak for them, and the analytics store."""

import re

import hypothesis
import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from rest_framework.test import APIClient

import clickhouse
import clickhouse.schema
from clickhouse.client import client as clickhouse_client
from projects.models import MembershipLevel
from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    PersonalAPIKeyFactory,
    ProjectFactory,
    UserFactory,
)
from tests.live import (  # noqa: F401 - fixtures
    first_installation,
    installation,
    server,
    unique,
)
from tests.notifications.standin import StandIn

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


NEED_DATABASE = {"db", "transactional_db", "first_installation"}


def pytest_addoption(parser):
    parser.addoption(
        "--of-database",
        action="store_true",
        help="only tests that a database can make a difference to",
    )


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--of-database"):
        return
    left_out = [
        item
        for item in items
        if not (NEED_DATABASE & set(item.fixturenames) or item.get_closest_marker("django_db"))
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


class ProjectClient(APIClient):
    """Calls the API with a key; relative paths go below /api/environments/<the project's id>/."""

    def __init__(self, project=None, key: str | None = None, **options):
        super().__init__(**options)
        self.project = project
        if key:
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")

    def url(self, path: str) -> str:
        if path.startswith(("/", "http:")):
            return path
        return f"/api/environments/{self.project.id}/{path}"

    def generic(self, method, path, *args, **kwargs):
        return super().generic(method, self.url(path), *args, **kwargs)


@pytest.fixture(scope="session", autouse=True)
def quick_flushes():
    """Tables are emptied after a test that commits; TRUNCATE takes seconds for so many."""

    def sql_flush(self, style, tables, **options):
        return ["".join(f"DELETE FROM {self.quote_name(table)};" for table in tables)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture
def organization(db):
    return OrganizationFactory()


@pytest.fixture
def project(organization):
    return ProjectFactory(organization=organization)


@pytest.fixture
def user(organization, project):
    """An owner of the project's organization, whose current project it is."""
    user = UserFactory(current_organization=organization, current_project=project)
    MembershipFactory(organization=organization, user=user, level=MembershipLevel.OWNER)
    return user


@pytest.fixture
def api(project, user):
    """A client of the user with an all-scope key."""
    return ProjectClient(project, PersonalAPIKeyFactory(user=user).value)


@pytest.fixture
def api_with_scopes(project, user):
    """Makes a client of the user whose key has just these scopes."""

    def make(*scopes: str, **fields) -> ProjectClient:
        key = PersonalAPIKeyFactory(user=user, scopes=list(scopes), **fields)
        return ProjectClient(project, key.value)

    return make


@pytest.fixture
def anonymous(project):
    """A client without credentials."""
    return ProjectClient(project)


@pytest.fixture
def session(project, user):
    """A client of the user's browser, logged in."""
    client = ProjectClient(project)
    client.force_login(user)
    return client


@pytest.fixture
def stranger_api(project):
    """A client with an all-scope key of somebody in another organization."""
    organization = OrganizationFactory()
    stranger = UserFactory(
        current_organization=organization,
        current_project=ProjectFactory(organization=organization),
    )
    MembershipFactory(organization=organization, user=stranger, level=MembershipLevel.OWNER)
    return ProjectClient(project, PersonalAPIKeyFactory(user=stranger).value)


@pytest.fixture(scope="session")
def clickhouse_schema():
    """The embedded store, opened once per process; one connection stays, so it stays open."""
    with clickhouse_client():
        clickhouse.schema.apply()
        yield


@pytest.fixture
def analytics(clickhouse_schema):
    """The analytics store, empty; its tables are emptied again after the test."""
    yield clickhouse
    empty_tables()


def empty_tables() -> None:
    tables = clickhouse.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0"
        " AND name != 'schema_files'"
    )
    for (name,) in tables:
        clickhouse.command(f"TRUNCATE TABLE {name}")


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def pytest_make_parametrize_id(config, val, argname):
    """Processes that share the tests must give them the same names: none made by chance or time."""
    if isinstance(val, bytes) or (isinstance(val, str) and (len(val) > 60 or UUID.search(val))):
        return argname
    return None


@pytest.fixture
def outside(settings):
    """A server out there that this one may call."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    stand_in = StandIn()
    yield stand_in
    stand_in.stop()
