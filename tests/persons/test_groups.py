"""Groups and their types over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from persons.models import Group, GroupType
from projects.models import ActivityLogEntry
from tests.factories import ProjectFactory
from tests.persons.capturing import captured, ingest
from tests.persons.test_processing_copies import deliver

WHEN = datetime(2026, 1, 31, 9, 15, tzinfo=UTC)


@pytest.fixture
def types(project):
    return GroupType.objects.bulk_create(
        GroupType(project=project, name=name, index=index, created_at=WHEN)
        for index, name in [(1, "team"), (0, "company")]
    )


@pytest.fixture
def acme(project, types):
    return make(project, "acme", properties={"name": "Acme Ltd", "plan": "pro"})


def make(project, key: str, **fields) -> Group:
    return Group.objects.create(**{"project": project, "type_index": 0, "key": key} | fields)


def keys(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["group_key"] for row in response.json()["results"]]


def test_types(api, types):
    r = api.get("groups_types/")

    assert r.status_code == 200
    assert [row["group_type"] for row in r.json()] == ["company", "team"]
    assert r.json()[0] == {
        "group_type": "company",
        "group_type_index": 0,
        "name_singular": None,
        "name_plural": None,
        "detail_dashboard": None,
        "default_columns": None,
        "created_at": "2026-01-31T09:15:00Z",
    }


def test_names_of_types(api, types):
    r = api.patch(
        "groups_types/update_metadata/",
        [
            {"group_type_index": 1, "name_singular": "Team", "name_plural": "Teams"},
            {"group_type_index": 0, "name_singular": "Firm"},
        ],
    )
    assert r.status_code == 200
    names = [(row["name_singular"], row["name_plural"]) for row in r.json()]
    assert names == [("Firm", None), ("Team", "Teams")]

    r = api.patch("groups_types/update_metadata/", [{"group_type_index": 1, "name_singular": None}])
    assert (r.json()[1]["name_singular"], r.json()[1]["name_plural"]) == (None, "Teams")


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ([{"name_singular": "x"}], "0__group_type_index"),
        ([{"group_type_index": 0}, {"group_type_index": 4}], "1__group_type_index"),
        ([{"group_type_index": 9}], "0__group_type_index"),
        ([{"group_type_index": 0, "name_plural": 5}], "0__name_plural"),
        ({"group_type_index": 0}, None),
    ],
)
def test_bad_names_of_types(api, types, body, attr):
    r = api.patch("groups_types/update_metadata/", body)

    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_list(api, project, acme):
    newer = make(project, "newer", created_at=acme.created_at + timedelta(1))
    make(project, "of a team", type_index=1)
    other = ProjectFactory(organization=project.organization)
    make(other, "of another project")

    r = api.get("groups/?group_type_index=0")

    assert keys(r) == ["newer", "acme"]
    assert (r.json()["next"], r.json()["previous"]) == (None, None)
    assert r.json()["results"][1]["group_properties"] == {"name": "Acme Ltd", "plan": "pro"}
    assert set(r.json()["results"][0]) == {
        *("group_type_index", "group_key", "group_properties", "created_at")
    }
    assert newer.key in keys(api.get("groups?group_type_index=0&group_key=NEW"))


def test_search(api, project, acme):
    make(project, "beta", properties={"name": ["odd"]})

    for query in ("search=ltd", "search=ACM", "group_key=cm", "search=acme&group_key=acme"):
        assert keys(api.get(f"groups/?group_type_index=0&{query}")) == ["acme"]
    for query in ("search=pro", "search=%25", "group_key=ltd"):
        assert keys(api.get(f"groups/?group_type_index=0&{query}")) == []


def test_pages_though_times_tie(api, project, types, django_assert_num_queries):
    Group.objects.bulk_create(
        Group(project=project, type_index=0, key=f"key {n}", created_at=WHEN) for n in range(1250)
    )

    seen, url = [], "groups/?group_type_index=0"
    while url:
        r = api.get(url)
        seen += keys(r)
        url = r.json()["next"] and r.json()["next"].removeprefix("http://testserver")

    assert seen == [f"key {n}" for n in reversed(range(1250))]
    with django_assert_num_queries(3):  # key, project, page
        api.get("groups/?group_type_index=0")


@pytest.mark.parametrize(
    ("path", "attr"),
    [
        ("groups/", "group_type_index"),
        ("groups/?group_type_index=x", "group_type_index"),
        ("groups/?group_type_index=5", "group_type_index"),
        ("groups/?group_type_index=-1", "group_type_index"),
        ("groups/?group_type_index=0&search=%00", "search"),
        ("groups/find/?group_key=a", "group_type_index"),
        ("groups/find/?group_type_index=0", "group_key"),
        ("groups/property_values/?key=a", "group_type_index"),
        ("groups/property_values/?group_type_index=0", "key"),
    ],
)
def test_bad_queries(api, acme, path, attr):
    r = api.get(path)

    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_create(api, project, types):
    body = {"group_type_index": 1, "group_key": " red ", "group_properties": {"n": 1}}
    r = api.post("groups/", body)

    assert r.status_code == 201
    group = Group.objects.get()
    assert (group.type_index, group.key, group.properties) == (1, " red ", {"n": 1})
    assert r.json()["group_key"] == " red "

    r = api.post("groups/", body)
    assert (r.status_code, r.json()["detail"]) == (400, "A group with this key already exists")
    assert api.post("groups/", {"group_type_index": 0, "group_key": " red "}).status_code == 201


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"group_key": "a"}, "group_type_index"),
        ({"group_type_index": 0}, "group_key"),
        ({"group_type_index": 3, "group_key": "a"}, "group_type_index"),
        ({"group_type_index": 0, "group_key": ""}, "group_key"),
        ({"group_type_index": 0, "group_key": "k" * 401}, "group_key"),
        ({"group_type_index": 0, "group_key": "a", "group_properties": []}, "group_properties"),
    ],
)
def test_bad_groups(api, types, body, attr):
    r = api.post("groups/", body)

    assert (r.status_code, r.json()["attr"]) == (400, attr)
    assert not Group.objects.exists()


def test_find(api, acme):
    r = api.get("groups/find/?group_type_index=0&group_key=acme")
    assert r.status_code == 200
    assert r.json()["notebook"] is None
    assert r.json()["group_properties"] == acme.properties

    assert api.get("groups/find/?group_type_index=1&group_key=acme").status_code == 404
    assert api.get("groups/find/?group_type_index=0&group_key=Acme").status_code == 404


def test_update_and_delete_property(api, acme, user, analytics):
    at = "?group_type_index=0&group_key=acme"
    r = api.post(f"groups/update_property/{at}", {"key": "plan", "value": None})
    assert r.status_code == 200
    assert r.json()["group_properties"] == {"name": "Acme Ltd", "plan": None}

    r = api.post(f"groups/delete_property/{at}", {"$unset": "plan"})
    assert r.json()["group_properties"] == {"name": "Acme Ltd"}
    r = api.post(f"groups/delete_property/{at}", {"$unset": "plan"})
    assert r.status_code == 200

    entries = ActivityLogEntry.objects.filter(scope="Group", item_id=str(acme.id)).order_by("id")
    assert [entry.activity for entry in entries] == ["updated", "delete_property"]
    assert entries[0].user == user
    assert entries[0].detail["changes"][0]["before"] == {"plan": "pro"}
    deliver()
    [(properties,)] = analytics.rows("SELECT properties FROM groups FINAL")
    assert properties == '{"name":"Acme Ltd"}'


@pytest.mark.parametrize(
    ("path", "body", "attr"),
    [
        ("update_property/", {"key": "a"}, "value"),
        ("update_property/", {"value": "a"}, "key"),
        ("delete_property/", {}, "$unset"),
        ("delete_property/", {"$unset": ["a"]}, "$unset"),
    ],
)
def test_bad_changes(api, acme, path, body, attr):
    r = api.post(f"groups/{path}?group_type_index=0&group_key=acme", body)
    assert (r.status_code, r.json()["attr"]) == (400, attr)

    r = api.post(f"groups/{path}?group_type_index=0&group_key=none", body)
    assert r.status_code == 404


def test_values(api, project, analytics):
    ingest(
        *(
            captured(
                project,
                "$groupidentify",
                __group_type="company",
                __group_key=f"key {n}",
                __group_set={"plan": plan},
            )
            for n, plan in enumerate(["pro", "pro", "free", None, 5])
        )
    )
    deliver()

    r = api.get("groups/property_values/?group_type_index=0&key=plan")
    assert r.json() == {
        "results": [
            {"name": "pro", "count": 2},
            {"name": "5", "count": 1},
            {"name": "free", "count": 1},
        ],
        "refreshing": False,
    }
    r = api.get("groups/property_values/?group_type_index=0&key=plan&value=R")
    assert [row["name"] for row in r.json()["results"]] == ["pro", "free"]
    assert api.get("groups/property_values/?group_type_index=1&key=plan").json()["results"] == []


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "groups/", "group:read"),
        ("get", "groups_types/", "group:read"),
        ("get", "groups/find/", "group:read"),
        ("get", "groups/property_values/", "group:read"),
        ("post", "groups/", "group:write"),
        ("post", "groups/update_property/", "group:write"),
        ("post", "groups/delete_property/", "group:write"),
        ("patch", "groups_types/update_metadata/", "group:write"),
    ],
)
def test_scopes(api_with_scopes, acme, method, path, scope):
    r = getattr(api_with_scopes("person:write"), method)(path)

    assert r.status_code == 403
    assert r.json()["detail"] == f"API key missing required scope '{scope}'"
