from datetime import UTC, datetime

import pytest
from rest_framework.mixins import ListModelMixin
from rest_framework.test import APIRequestFactory

from folders.models import PersistedFolder
from folders.serializers import PersistedFolderSerializer
from projects.activity import Change, changes_between, log_activity
from projects.models import ActivityLogEntry
from projects.views.activity import ActivityMixin
from projects.viewsets import ProjectViewSet
from tests.factories import PersistedFolderFactory, PersonalAPIKeyFactory, ProjectFactory


@pytest.fixture
def entries(project, user):
    """Five of insight 1, the last by the server itself, and one of another project."""
    log_activity(
        ProjectFactory(), user=None, scope="Insight", item_id=1, activity="created", name="Foreign"
    )
    return [
        log_activity(
            project,
            user=user if n < 4 else None,
            scope="Insight" if n else "Cohort",
            item_id=1,
            activity="updated",
            name=f"Change {n}",
            short_id="abc",
            changes=[Change("Insight", "changed", "name", "a", "b")],
        )
        for n in range(5)
    ]


def names(r):
    assert r.status_code == 200, r.json()
    return [row["detail"]["name"] for row in r.json()["results"]]


def test_list(api, entries, user, django_assert_num_queries):
    with django_assert_num_queries(5):  # key, its last use, project, count, rows
        r = api.get("activity_log/")

    assert names(r) == [f"Change {n}" for n in [4, 3, 2, 1, 0]]
    assert list(r.json()) == ["results", "next", "previous", "count"]
    assert (r.json()["count"], r.json()["next"]) == (5, None)
    by_server, by_user = r.json()["results"][:2]
    assert (by_server["user"], by_server["is_system"]) == (None, True)
    assert by_user == {
        "id": str(entries[3].id),
        "user": {
            "id": user.id,
            "uuid": str(user.uuid),
            "distinct_id": user.distinct_id,
            "first_name": "Ada",
            "last_name": "Lovelace",
            "email": user.email,
            "is_email_verified": None,
            "hedgehog_config": None,
            "role_at_organization": None,
        },
        "is_system": False,
        "was_impersonated": False,
        "unread": False,
        "activity": "updated",
        "scope": "Insight",
        "item_id": "1",
        "detail": {
            "name": "Change 3",
            "short_id": "abc",
            "type": None,
            "trigger": None,
            "changes": [
                {
                    "type": "Insight",
                    "action": "changed",
                    "field": "name",
                    "before": "a",
                    "after": "b",
                }
            ],
        },
        "created_at": entries[3].created_at.isoformat().replace("+00:00", "Z"),
    }


def test_pages(api, entries):
    r = api.get("activity_log/?page_size=2")
    assert names(r) == ["Change 4", "Change 3"]

    r = api.get(r.json()["next"])
    assert names(r) == ["Change 2", "Change 1"]
    assert r.json()["previous"].endswith("activity_log/?page_size=2")

    r = api.get(r.json()["next"])
    assert (names(r), r.json()["next"]) == (["Change 0"], None)
    assert api.get("activity_log/?page=9").status_code == 404


def test_filters(api, entries, user):
    assert names(api.get("activity_log/?scope=Cohort")) == ["Change 0"]
    assert len(names(api.get("activity_log/?scopes=Cohort,Insight"))) == 5
    assert names(api.get("activity_log/?scopes=Cohort")) == ["Change 0"]
    assert len(names(api.get(f"activity_log/?user={user.uuid}"))) == 4
    assert names(api.get("activity_log/?item_id=2")) == []
    assert names(api.get("activity_log/?ordering=created_at&page_size=1")) == ["Change 0"]


@pytest.mark.parametrize(
    ("query", "code", "attr"),
    [
        ("scope=Nonsense", "invalid_choice", "scope"),
        ("scopes=Insight,Nonsense", "invalid_choice", "scopes"),
        ("user=me", "invalid_input", "user"),
        ("ordering=id", "invalid_choice", "ordering"),
    ],
)
def test_bad_filters(api, entries, query, code, attr):
    r = api.get(f"activity_log/?{query}")

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, code, attr)


def test_changes_between():
    before = {"a": 1, "b": None, "c": [1], "d": "same"}
    after = {"a": 2, "b": 5, "c": None, "d": "same"}

    assert changes_between("Insight", before, after) == [
        Change("Insight", "changed", "a", 1, 2),
        Change("Insight", "created", "b", None, 5),
        Change("Insight", "deleted", "c", [1], None),
    ]


class FolderWithActivity(ActivityMixin, ListModelMixin, ProjectViewSet):
    scope_object = "persisted_folder"
    activity_scope = "Insight"
    queryset = PersistedFolder.objects.order_by("id")
    serializer_class = PersistedFolderSerializer


def test_activity_of_one_resource(project, user, entries):
    folder = PersistedFolderFactory(project=project, user=user)
    log_activity(
        project, user=user, scope="Insight", item_id=folder.pk, activity="created", name="It"
    )

    def call(action, scopes, **kwargs):
        key = PersonalAPIKeyFactory(user=user, scopes=scopes)
        request = APIRequestFactory().get(
            "/?limit=2", headers={"Authorization": f"Bearer {key.value}"}
        )
        mapped = next(
            each for each in FolderWithActivity.get_extra_actions() if each.__name__ == action
        )
        view = FolderWithActivity.as_view({"get": action}, **mapped.kwargs)
        return view(request, project_id=str(project.id), **kwargs)

    r = call("all_activity", ["activity_log:read"])
    assert r.status_code == 200
    assert [row["detail"]["name"] for row in r.data["results"]] == ["It", "Change 4"]
    assert list(r.data) == ["results", "next", "previous", "total_count"]
    assert r.data["total_count"] == 5

    r = call("activity", ["activity_log:read"], pk=str(folder.pk))
    assert [row["detail"]["name"] for row in r.data["results"]] == ["It"]

    assert call("activity", ["persisted_folder:read"], pk=str(folder.pk)).status_code == 403
    assert call("activity", ["activity_log:read"], pk="nonsense").status_code == 404


def test_entries_outlive_their_users(api, entries, user, project):
    user_id = entries[3].user_id
    ActivityLogEntry.objects.filter(pk=entries[3].pk).update(
        user=None, created_at=datetime(2030, 1, 1, tzinfo=UTC)
    )

    assert user_id is not None
    assert api.get("activity_log/").json()["results"][0]["user"] is None
