"""Changing, splitting and deleting persons over HTTP; the copies follow."""

from uuid import uuid4

import pytest

from persons.models import Person, PersonDistinctId, person_uuid
from projects.models import ActivityLogEntry
from tests.factories import PersonFactory, ProjectFactory
from tests.persons.capturing import captured, distinct_ids_of, ingest, person_of
from tests.persons.test_processing_copies import assert_in_step


@pytest.fixture
def ada(project):
    """Made by events, so that there are copies of her."""
    ingest(
        captured(project, "$identify", "ada", __anon_distinct_id="anon", __set={"plan": "free"}),
        captured(project, "$create_alias", "ada", alias="third"),
    )
    return person_of(project, "ada")


def activities(person: Person) -> list[str]:
    entries = ActivityLogEntry.objects.filter(scope="Person", item_id=str(person.id))
    return [entry.activity for entry in entries.order_by("id")]


def properties_of(person: Person) -> dict:
    person.refresh_from_db()
    return person.properties


# Properties


@pytest.mark.parametrize("method", ["patch", "put"])
def test_set_properties(api, project, analytics, ada, user, method):
    r = getattr(api, method)(f"persons/{ada.uuid}/", {"properties": {"plan": "pro", "n": None}})

    assert (r.status_code, r.content) == (202, b"")
    assert properties_of(ada) == {"plan": "pro", "n": None}
    assert_in_step(analytics, project)
    entry = ActivityLogEntry.objects.get()
    assert (entry.activity, entry.user, entry.item_id) == ("updated", user, str(ada.id))
    assert entry.detail["name"] == "ada"
    assert entry.detail["changes"] == [
        {
            "type": "Person",
            "action": "changed",
            "field": "properties",
            "before": {"plan": "free"},
            "after": {"plan": "pro", "n": None},
        }
    ]


def test_form_bodies(api, ada):
    r = api.patch(f"persons/{ada.id}/", {"properties": '{"a": 1}'}, format="multipart")
    assert r.status_code == 202
    r = api.post(f"persons/{ada.id}/update_property/", "key=b&value=2", content_type=FORM)
    assert r.status_code == 202

    assert properties_of(ada) == {"plan": "free", "a": 1, "b": 2}


FORM = "application/x-www-form-urlencoded"


def test_what_changes_nothing_leaves_no_trace(api, ada):
    version = ada.version

    assert api.patch(f"persons/{ada.id}/", {"properties": {"plan": "free"}}).status_code == 202
    assert api.patch(f"persons/{ada.id}/", {"properties": {}}).status_code == 202
    r = api.post(f"persons/{ada.id}/delete_property/", {"$unset": "absent"})
    assert r.status_code == 201

    ada.refresh_from_db()
    assert ada.version == version
    assert activities(ada) == []


@pytest.mark.parametrize("value", ["text", None, 5, True, {"a": [1]}, ""])
def test_update_property(api, ada, value):
    r = api.post(f"persons/{ada.id}/update_property/", {"key": " odd key ", "value": value})

    assert (r.status_code, r.content) == (202, b"")
    assert properties_of(ada) == {"plan": "free", " odd key ": value}
    assert activities(ada) == ["updated"]


def test_delete_property(api, project, analytics, ada):
    r = api.post(f"persons/{ada.id}/delete_property/", {"$unset": "plan"})

    assert (r.status_code, r.json()) == (201, {"success": True})
    assert properties_of(ada) == {}
    assert activities(ada) == ["delete_property"]
    assert_in_step(analytics, project)


@pytest.mark.parametrize(
    ("method", "path", "body", "attr"),
    [
        ("patch", "", {}, "properties"),
        ("put", "", {"other": 1}, "properties"),
        ("patch", "", [], "properties"),
        ("post", "update_property/", {"key": "a"}, "value"),
        ("post", "update_property/", {"value": "a"}, "key"),
        ("post", "delete_property/", {}, "$unset"),
    ],
)
def test_what_is_missing(api, ada, method, path, body, attr):
    r = getattr(api, method)(f"persons/{ada.id}/{path}", body)

    assert r.status_code == 400
    assert r.json() == {
        "type": "validation_error",
        "code": "This field is required.",
        "detail": "required",
        "attr": attr,
    }


def nested(depth: int):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def test_nested_as_deeply_as_allowed(api, ada):
    deep = {"key": "deep", "value": nested(128)}
    assert api.post(f"persons/{ada.id}/update_property/", deep).status_code == 202

    assert api.get("persons/").json()["results"][0]["properties"]["deep"] == nested(128)


@pytest.mark.parametrize(
    ("method", "path", "body", "attr"),
    [
        ("patch", "", {"properties": None}, "properties"),
        ("patch", "", {"properties": []}, "properties"),
        ("patch", "", {"properties": "text"}, "properties"),
        ("patch", "", {"properties": {"a": nested(129)}}, "properties"),
        ("post", "update_property/", {"key": "", "value": 1}, "key"),
        ("post", "update_property/", {"key": 5, "value": 1}, "key"),
        ("post", "update_property/", {"key": ["a"], "value": 1}, "key"),
        ("post", "update_property/", {"key": "a", "value": nested(129)}, "value"),
        ("post", "delete_property/", {"$unset": ["a"]}, "$unset"),
        ("post", "delete_property/", {"$unset": None}, "$unset"),
    ],
)
def test_bad_bodies(api, ada, method, path, body, attr):
    r = getattr(api, method)(f"persons/{ada.id}/{path}", body)

    assert (r.status_code, r.json()["attr"]) == (400, attr)
    assert r.json()["code"] in ("invalid_input", "blank", "null")
    assert properties_of(ada) == {"plan": "free"}


def test_null_characters_in_a_form(api, ada):
    r = api.patch(f"persons/{ada.id}/", 'properties={"a":"\\u0000"}', content_type=FORM)

    assert (r.status_code, r.json()["attr"]) == (400, "properties")


# Splitting


def split(api, person, body=None):
    return api.post(f"persons/{person.id}/split/", body or {})


def test_split_keeps_the_oldest_distinct_id(api, project, analytics, ada):
    r = split(api, ada)

    assert (r.status_code, r.json()) == (201, {"success": True})
    assert distinct_ids_of(ada) == {"ada"}
    assert properties_of(ada) == {"plan": "free"}
    for distinct_id in ("anon", "third"):
        person = person_of(project, distinct_id)
        assert person.uuid == person_uuid(project.id, distinct_id)
        assert (person.properties, person.is_identified) == ({}, False)
        assert distinct_ids_of(person) == {distinct_id}
    assert activities(ada) == ["split_person"]
    assert_in_step(analytics, project)


def test_split_keeps_the_main_distinct_id(api, project, analytics, ada):
    assert split(api, ada, {"main_distinct_id": "anon"}).status_code == 201

    assert distinct_ids_of(ada) == {"anon"}
    # Her uuid was made from "ada", and stays hers.
    assert person_of(project, "ada").uuid != person_uuid(project.id, "ada") == ada.uuid
    assert_in_step(analytics, project)


def test_split_moves_those_listed(api, project, analytics, ada):
    assert split(api, ada, {"distinct_ids_to_split": ["third", "third"]}).status_code == 201

    assert distinct_ids_of(ada) == {"ada", "anon"}
    assert distinct_ids_of(person_of(project, "third")) == {"third"}
    assert_in_step(analytics, project)


def test_split_of_a_single_distinct_id_does_nothing(api, project):
    person = PersonFactory(project=project, distinct_ids=["only"])

    assert split(api, person).status_code == 201
    assert Person.objects.get() == person
    assert activities(person) == []


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"distinct_ids_to_split": []}, "distinct_ids_to_split"),
        ({"distinct_ids_to_split": "ada"}, "distinct_ids_to_split"),
        ({"distinct_ids_to_split": [5]}, "distinct_ids_to_split__0"),
        ({"distinct_ids_to_split": ["ada", "stranger"]}, "distinct_ids_to_split"),
        ({"main_distinct_id": "stranger"}, "main_distinct_id"),
        ({"main_distinct_id": 5}, "main_distinct_id"),
        ({"main_distinct_id": "ada", "distinct_ids_to_split": ["anon"]}, None),
    ],
)
def test_bad_splits(api, ada, body, attr):
    PersonFactory(project=ada.project, distinct_ids=["stranger"])
    r = split(api, ada, body)

    assert (r.status_code, r.json()["attr"]) == (400, attr)
    assert distinct_ids_of(ada) == {"ada", "anon", "third"}


def test_a_merged_person_can_be_split_and_merged_again(api, project, analytics):
    ingest(captured(project, "x", "anon"), captured(project, "x", "ada"))
    for _ in range(2):
        ingest(captured(project, "$merge_dangerously", "ada", alias="anon"))
        assert_in_step(analytics, project)
        split(api, person_of(project, "ada"))
        assert_in_step(analytics, project)

    assert person_of(project, "anon").uuid == person_uuid(project.id, "anon")


# Deleting


def test_delete(api, project, analytics, ada, user):
    r = api.delete(f"persons/{ada.uuid}/")

    assert (r.status_code, r.content) == (202, b"")
    assert not Person.objects.exists()
    assert not PersonDistinctId.objects.exists()
    assert api.get(f"persons/{ada.id}/").status_code == 404
    assert api.delete(f"persons/{ada.id}/").status_code == 404
    entry = ActivityLogEntry.objects.get()
    assert (entry.activity, entry.user, entry.detail["name"]) == ("deleted", user, "ada")
    assert_in_step(analytics, project)


def test_deleted_person_is_made_anew(api, project, analytics, ada):
    api.delete(f"persons/{ada.id}/")
    ingest(captured(project, "x", "ada", __set={"new": 1}))

    person = person_of(project, "ada")
    assert person.uuid == ada.uuid
    assert person.id != ada.id
    assert person.properties == {"new": 1}
    assert api.get("persons/").json()["count"] == 1
    r = api.post("persons/reset_person_distinct_id/", {"distinct_id": "ada"})
    assert (r.status_code, r.content) == (202, b"")
    assert_in_step(analytics, project)


@pytest.mark.parametrize("query", ["keep_person", "keep_person=true", "keep_person=1&x=y"])
def test_keep_person(api, ada, query):
    assert api.delete(f"persons/{ada.id}/?{query}").status_code == 202
    assert Person.objects.get() == ada
    assert activities(ada) == []


@pytest.mark.parametrize(
    "query", ["keep_person=false", "delete_events=0", "delete_recordings=True", "delete_recordings"]
)
def test_flags_that_do_not_matter(api, ada, query):
    assert api.delete(f"persons/{ada.id}/?{query}").status_code == 202
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("delete_events=maybe", "delete_events"),
        ("keep_person=perhaps", "keep_person"),
    ],
)
def test_flags_that_are_refused(api, ada, query, attr):
    r = api.delete(f"persons/{ada.id}/?{query}")

    assert (r.status_code, r.json()["attr"]) == (400, attr)
    assert Person.objects.get() == ada


def test_bulk_delete_by_ids(api, project, analytics, ada):
    ingest(captured(project, "x", "bob"), captured(project, "x", "kept"))
    bob = person_of(project, "bob")
    stranger = PersonFactory(project=ProjectFactory(organization=project.organization))

    r = api.post(
        "persons/bulk_delete/",
        {"ids": [str(ada.uuid), bob.id, str(ada.id), str(uuid4()), str(10**30), stranger.id]},
    )

    assert r.status_code == 202
    assert r.json() == {
        "persons_found": 2,
        "persons_deleted": 2,
        "events_queued_for_deletion": False,
        "recordings_queued_for_deletion": False,
        "deletion_errors": [],
    }
    assert set(Person.objects.all()) == {person_of(project, "kept"), stranger}
    assert sorted(activities(ada) + activities(bob)) == ["deleted", "deleted"]
    stranger.delete()
    assert_in_step(analytics, project)


def test_bulk_delete_by_distinct_ids(api, project, ada):
    r = api.post(
        "persons/bulk_delete/",
        {"distinct_ids": ["ada", "anon", "unknown"], "ids": None, "delete_recordings": True},
    )

    assert r.status_code == 202
    assert (r.json()["persons_found"], r.json()["persons_deleted"]) == (1, 1)
    assert r.json()["recordings_queued_for_deletion"] is True
    assert not Person.objects.exists()


def test_bulk_delete_of_nobody(api, ada):
    r = api.post("persons/bulk_delete/", {"ids": [str(uuid4())], "delete_recordings": True})

    assert r.status_code == 202
    assert (r.json()["persons_found"], r.json()["recordings_queued_for_deletion"]) == (0, False)


def test_bulk_delete_that_keeps(api, ada):
    r = api.post("persons/bulk_delete/", {"distinct_ids": ["ada"], "keep_person": True})

    assert (r.json()["persons_found"], r.json()["persons_deleted"]) == (1, 0)
    assert Person.objects.get() == ada


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "You need to specify either distinct_ids or ids"),
        ({"ids": [], "distinct_ids": []}, "You need to specify either distinct_ids or ids"),
        (
            {"ids": ["5"], "distinct_ids": ["a"]},
            "You must provide either distinct_ids or ids, not both",
        ),
        ({"ids": ["1"] * 1001}, "You can only pass 1000 ids in one call"),
        ({"distinct_ids": ["a"] * 1001}, "You can only pass 1000 distinct_ids in one call"),
        ({"ids": ["ada"]}, "'ada' is neither a person's uuid nor its id."),
        ({"distinct_ids": [5]}, "Expected a string, not 5."),
        ({"distinct_ids": ["ada"], "keep_person": "perhaps"}, "Must be a valid boolean."),
    ],
)
def test_bad_bulk_deletes(api, ada, body, detail):
    r = api.post("persons/bulk_delete/", body)

    assert (r.status_code, r.json()["detail"]) == (400, detail)
    assert Person.objects.get() == ada


def test_bulk_delete_costs_a_fixed_number_of_queries(api, project, django_assert_max_num_queries):
    api.get("persons/")
    for count in (1, 90):
        names = [f"{count} {n}" for n in range(count)]
        ingest(*(captured(project, "x", name) for name in names))
        with django_assert_max_num_queries(15):
            r = api.post("persons/bulk_delete/", {"distinct_ids": names})
        assert r.json()["persons_deleted"] == count


# Reading many


def test_batch_by_distinct_ids(api, project, ada, django_assert_max_num_queries):
    many = PersonFactory(project=project, distinct_ids=[f"id {n}" for n in range(30)])
    wanted = ["ada", "anon", "id 3", "unknown", 5, None]

    api.get("persons/")
    with django_assert_max_num_queries(5):
        r = api.post("persons/batch_by_distinct_ids/", {"distinct_ids": wanted})

    assert r.status_code == 200
    results = r.json()["results"]
    assert list(results) == ["ada", "anon", "id 3"]
    assert results["ada"] == results["anon"] == api.get(f"persons/{ada.id}/").json()
    assert results["id 3"]["id"] == many.id
    assert results["id 3"]["distinct_ids"] == [f"id {n}" for n in range(10)]


@pytest.mark.parametrize("body", [{}, {"distinct_ids": []}, {"distinct_ids": "ada"}, []])
def test_batch_of_nothing(api, ada, body):
    r = api.post("persons/batch_by_distinct_ids/", body)

    assert (r.status_code, r.json()) == (200, {"results": {}})


def test_batch_takes_the_first_200(api, ada):
    r = api.post("persons/batch_by_distinct_ids/", {"distinct_ids": ["x"] * 200 + ["ada"]})

    assert r.json() == {"results": {}}


def test_batch_by_uuids(api, ada):
    r = api.post("persons/batch_by_uuids/", {"uuids": [str(ada.uuid), str(uuid4())]})

    assert list(r.json()["results"]) == [str(ada.uuid)]
    assert r.json()["results"][str(ada.uuid)]["id"] == ada.id
    assert api.post("persons/batch_by_uuids/", {}).json() == {"results": {}}

    r = api.post("persons/batch_by_uuids/", {"uuids": ["nonsense"]})
    assert (r.status_code, r.json()["detail"]) == (400, "One or more UUIDs are invalid.")


def test_values(api, project, analytics):
    values = ["pro", "pro", "Free", "free", "", None, True, 5, {"a": 1}, "prö"]
    ingest(
        *(
            captured(project, "$set", f"id {n}", __set={"my.plan": value, "0": n})
            for n, value in enumerate(values)
        ),
        captured(project, "$set", "gone", __set={"my.plan": "gone"}),
    )
    api.delete(f"persons/{person_of(project, 'gone').id}/")
    assert_in_step(analytics, project)

    def values_of(**params):
        r = api.get("persons/values/", params)
        assert r.status_code == 200
        assert r.json()["refreshing"] is False
        return [(row["name"], row["count"]) for row in r.json()["results"]]

    assert values_of(key="my.plan") == [
        ("pro", 2),
        ("5", 1),
        ("Free", 1),
        ("free", 1),
        ("prö", 1),
        ("true", 1),
        ('{"a":1}', 1),
    ]
    assert values_of(key="my.plan", value="FREE") == [("Free", 1), ("free", 1)]
    assert values_of(key="my.plan", value="%") == []
    assert len(values_of(key="0")) == 10
    assert values_of(key="unknown") == []
    assert values_of() == values_of(key="") == []


# Access


WRITES = [
    ("patch", "persons/{id}/"),
    ("put", "persons/{id}/"),
    ("delete", "persons/{id}/"),
    ("post", "persons/"),
    ("post", "persons/{id}/split/"),
    ("post", "persons/{id}/update_property/"),
    ("post", "persons/{id}/delete_property/"),
    ("post", "persons/bulk_delete/"),
    ("post", "persons/reset_person_distinct_id/"),
]
READS = ["persons/batch_by_distinct_ids/", "persons/batch_by_uuids/"]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_writing_takes_its_scope(api_with_scopes, ada, method, path):
    r = getattr(api_with_scopes("person:read"), method)(path.format(id=ada.id), {})

    assert r.status_code == 403
    assert r.json()["detail"] == "API key missing required scope 'person:write'"


@pytest.mark.parametrize("path", READS)
def test_reading_many_takes_the_scope_to_read(api_with_scopes, ada, path):
    assert api_with_scopes("person:read").post(path, {}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path in WRITES if "{id}" in path]
)
def test_persons_of_other_projects_are_not_reached(api, project, method, path):
    stranger = PersonFactory(project=ProjectFactory(organization=project.organization))

    assert getattr(api, method)(path.format(id=stranger.uuid), {}).status_code == 404
    assert getattr(api, method)(path.format(id="ada"), {}).status_code == 400


@pytest.mark.parametrize("body", [{}, {"distinct_id": 5}, {"distinct_id": ""}])
def test_bad_resets(api, body):
    r = api.post("persons/reset_person_distinct_id/", body)

    assert (r.status_code, r.json()["attr"]) == (400, "distinct_id")


def test_activity(api, api_with_scopes, ada):
    api.patch(f"persons/{ada.id}/", {"properties": {"a": 1}})
    api.post(f"persons/{ada.id}/delete_property/", {"$unset": "a"})

    r = api.get(f"persons/{ada.uuid}/activity/")
    assert [entry["activity"] for entry in r.json()["results"]] == ["delete_property", "updated"]
    api.delete(f"persons/{ada.id}/")
    r = api_with_scopes("activity_log:read").get("persons/activity/")
    assert r.json()["total_count"] == 3
    assert r.json()["results"][0]["item_id"] == str(ada.id)
