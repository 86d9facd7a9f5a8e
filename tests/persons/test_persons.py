"""Reading persons over HTTP."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from persons.models import Person
from tests.factories import PersonFactory, ProjectFactory

WHEN = datetime(2026, 1, 31, 9, 15, 0, 123456, tzinfo=UTC)


@pytest.fixture
def ada(project):
    return PersonFactory(
        project=project,
        properties={"email": "ada@example.com", "name": "Ada Lovelace"},
        distinct_ids=["0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e", "ada"],
        created_at=WHEN,
        last_seen_at=WHEN + timedelta(hours=1),
        is_identified=True,
    )


@pytest.fixture
def bob(project):
    return PersonFactory(project=project, distinct_ids=["bob"], created_at=WHEN)


def ids(response) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def test_list(api, ada, bob):
    r = api.get("persons/")

    assert r.status_code == 200
    body = r.json()
    assert {key: body[key] for key in ("count", "next", "previous")} == {
        "count": 2,
        "next": None,
        "previous": None,
    }
    assert body["results"][1] == {
        "id": ada.id,
        "uuid": str(ada.uuid),
        "name": "ada@example.com",
        "distinct_ids": ["0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e", "ada"],
        "properties": {"email": "ada@example.com", "name": "Ada Lovelace"},
        "created_at": "2026-01-31T09:15:00.123456Z",
        "last_seen_at": "2026-01-31T10:15:00.123456Z",
        "is_identified": True,
        "type": "person",
        "matched_recordings": [],
        "value_at_data_point": None,
    }
    assert body["results"][0]["last_seen_at"] is None
    assert body["results"][0]["properties"] == {}


def test_retrieve_by_either_id(api, ada):
    for id_ in (ada.id, ada.uuid, str(ada.uuid).upper(), ada.uuid.hex):
        r = api.get(f"persons/{id_}/")

        assert r.status_code == 200
        assert r.json() == {
            "id": ada.id,
            "uuid": str(ada.uuid),
            "name": "ada@example.com",
            "distinct_ids": ["ada", "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e"],
            "properties": {"email": "ada@example.com", "name": "Ada Lovelace"},
            "created_at": "2026-01-31T09:15:00.123456Z",
            "last_seen_at": "2026-01-31T10:15:00.123456Z",
            "is_identified": True,
        }


@pytest.mark.parametrize("id_", [0, 2**31, 2**63, 10**30, "0" * 5000, uuid4()])
def test_unknown_person(api, ada, id_):
    r = api.get(f"persons/{id_}/")

    assert (r.status_code, r.json()["code"], r.json()["detail"]) == (404, "not_found", "Not found.")


@pytest.mark.parametrize("id_", ["ada", "-1", "1.5", "²"])
def test_what_is_no_id(api, ada, id_):
    r = api.get(f"persons/{id_}/")

    assert r.status_code == 400
    assert (r.json()["type"], r.json()["attr"]) == ("validation_error", None)
    assert "does not look like a personID" in r.json()["detail"]
    if id_ == "ada":
        assert "/persons?distinct_id=ada" in r.json()["detail"]


def test_persons_of_other_projects_are_not_there(api, project):
    stranger = PersonFactory(
        project=ProjectFactory(organization=project.organization),
        distinct_ids=["x"],
        properties={"email": "x@y.z"},
    )

    assert api.get(f"persons/{stranger.id}/").status_code == 404
    assert api.get(f"persons/{stranger.uuid}/").status_code == 404
    for query in ("", "?distinct_id=x", "?email=x@y.z", "?search=x", f"?search={stranger.uuid}"):
        assert ids(api.get(f"persons/{query}")) == []


# Names


@pytest.mark.parametrize(
    ("settings", "properties", "distinct_ids", "name"),
    [
        (None, {"email": "e", "name": "n", "username": "u"}, ["id"], "e"),
        (None, {"email": "", "name": None, "username": "u"}, ["id"], "u"),
        ([], {"name": "n"}, ["id"], "n"),
        (["plan"], {"email": "e", "plan": "pro"}, ["id"], "pro"),
        (["plan"], {"email": "e"}, ["id"], "id"),
        (None, {"email": 5}, [], "5"),
        (None, {"email": ["a"]}, [], '["a"]'),
        (None, {}, ["a-b-c-d-1", "known", "other"], "known"),
        (None, {}, ["a-b-c-d-1", "a-b-c-d-2"], "a-b-c-d-1"),
        (None, {}, ["A-b-c-d-1", "known"], "A-b-c-d-1"),
        (None, {}, [], None),
    ],
)
def test_name(api, project, settings, properties, distinct_ids, name):
    project.person_display_name_properties = settings
    project.save()
    person = PersonFactory(project=project, properties=properties, distinct_ids=distinct_ids)

    expected = str(person.id) if name is None else name
    assert api.get(f"persons/{person.id}/").json()["name"] == expected
    assert api.get("persons/").json()["results"][0]["name"] == expected


# Pages


def test_pages_are_gapless_though_times_tie(api, project):
    persons = [PersonFactory(project=project, created_at=WHEN) for _ in range(5)]
    persons.append(PersonFactory(project=project, created_at=WHEN + timedelta(1)))

    seen, url = [], "persons?limit=2"
    while url:
        r = api.get(url)
        seen += ids(r)
        assert r.json()["count"] == 6
        url = r.json()["next"] and r.json()["next"].removeprefix("http://testserver")

    newest_first = sorted(persons, key=lambda person: (person.created_at, person.id), reverse=True)
    assert seen == [person.id for person in newest_first]


def test_offset_past_the_end(api, ada):
    r = api.get("persons/?offset=20000&limit=100")

    assert ids(r) == []
    assert (r.json()["count"], r.json()["next"]) == (1, None)
    assert r.json()["previous"]


def test_links_keep_filters(api, ada, bob):
    PersonFactory(project=ada.project, properties={"email": "ada@example.com"})

    r = api.get("persons/?email=ada@example.com&limit=1")
    assert "email=ada%40example.com" in r.json()["next"]
    assert r.json()["count"] == 2


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("query", ["", "?search=example", "?email=e0@example.com"])
def test_queries_of_a_page(api, project, django_assert_num_queries, count, query):
    for n in range(count):
        PersonFactory(
            project=project,
            distinct_ids=[f"{n}a", f"{n}b"],
            properties={"email": f"e{n}@example.com"},
        )

    api.get("persons/")  # the key's last_used_at is fresh from here on
    searching = 1 + (connection.vendor == "sqlite") if query.startswith("?search") else 0
    with django_assert_num_queries(5 + searching):
        # key, project; count, page, persons, distinct ids; for a search, the exact matches and,
        # on SQLite, those of the index
        assert api.get(f"persons/{query}").status_code == 200


def test_at_most_1000_distinct_ids_in_a_list(api, project, bob):
    many = PersonFactory(
        project=project, distinct_ids=[f"id {n}" for n in range(1005)], created_at=WHEN
    )

    listed = api.get("persons/").json()["results"]
    assert listed[0]["distinct_ids"] == [f"id {n}" for n in range(1000)]
    assert listed[1]["distinct_ids"] == ["bob"]
    assert len(api.get(f"persons/{many.id}/").json()["distinct_ids"]) == 1005


# Filters


def test_by_distinct_id(api, ada, bob):
    assert ids(api.get("persons/?distinct_id=ada")) == [ada.id]
    assert ids(api.get("persons/?distinct_id=ADA")) == []
    assert ids(api.get("persons/?distinct_id=+ada")) == []
    assert ids(api.get("persons/?distinct_id=")) == [bob.id, ada.id]


def test_by_email(api, project, ada, bob):
    long = PersonFactory(project=project, properties={"email": "x" * 300})

    assert ids(api.get("persons/?email=ada@example.com")) == [ada.id]
    assert ids(api.get("persons/?email=Ada@example.com")) == []
    assert ids(api.get("persons/?email=ada@example")) == []
    assert ids(api.get("persons/?email=" + "x" * 300)) == [long.id]
    assert ids(api.get("persons/?email=" + "x" * 299)) == []


def test_search(api, ada, bob):
    for term in ("EXAMPLE.com", "lovelace", "ada", str(ada.uuid), "  Ada L "):
        assert ids(api.get("persons/", {"search": term})) == [ada.id]
    assert ids(api.get("persons/?search=bob")) == [bob.id]
    for term in ("bo", "%", "_", "ada@%", "\\", "nobody"):
        assert ids(api.get("persons/", {"search": term})) == []


def test_search_follows_changes_in_whatever_case(api, project, ada):
    emile = PersonFactory(project=project, properties={"name": 'Émile "Milo" Zola'})
    for term in ("ÉMILE", "émile", '"milo" z'):
        assert ids(api.get("persons/", {"search": term})) == [emile.id]

    emile.properties = {"name": "Alfred"}
    emile.save()
    assert ids(api.get("persons/?search=milo")) == []
    assert ids(api.get("persons/?search=alfred")) == [emile.id]
    emile.delete()
    assert ids(api.get("persons/?search=alfred")) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has statistics of its own")
def test_persons_found_by_the_index_are_looked_up_one_by_one(project):
    plan = Person.objects.filter(project=project, id__in=range(500)).order_by("-created_at", "-id")

    assert "INTEGER PRIMARY KEY" in plan.explain()


def test_search_with_many_hits(api, project, ada, monkeypatch):
    monkeypatch.setattr("persons.searching.FEW", 1)
    others = PersonFactory.create_batch(2, project=project, properties={"name": "Lovelace"})
    PersonFactory(properties={"name": "Lovelace"})

    assert ids(api.get("persons/?search=lovelace")) == [others[1].id, others[0].id, ada.id]


def test_several_filters_narrow_together(api, ada, bob):
    assert ids(api.get("persons/?search=ada&email=ada@example.com&distinct_id=ada")) == [ada.id]
    assert ids(api.get("persons/?search=ada&distinct_id=bob")) == []


@pytest.mark.parametrize("name", ["distinct_id", "email", "search"])
def test_null_characters(api, ada, name):
    r = api.get(f"persons/?{name}=%00")

    assert (r.status_code, r.json()["attr"]) == (400, name)


def test_properties(api, ada):
    for nothing in ("", "[]", "{}", "null"):
        assert ids(api.get("persons/", {"properties": nothing})) == [ada.id]

    r = api.get("persons/?properties=[{")
    assert r.status_code == 400
    assert r.json() == {
        "type": "validation_error",
        "code": "invalid_input",
        "detail": "Properties are unparsable!",
        "attr": None,
    }


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ('[{"key": "email", "value": "ada@example.com"}]', True),
        ('[{"key": "email", "value": "ADA@", "operator": "icontains"}]', True),
        ('[{"key": "email", "value": "nobody@example.com"}]', False),
        ('[{"key": "plan", "value": "is_not_set", "operator": "is_not_set"}]', True),
        ('{"type": "OR", "values": [{"key": "x", "value": 1}, {"key": "y", "value": 1}]}', False),
    ],
)
def test_property_filters(api, ada, filters, found):
    assert ids(api.get("persons/", {"properties": filters})) == [ada.id] * found


@pytest.mark.parametrize(
    "filters",
    [
        '[{"key": "$browser", "value": "x", "type": "event"}]',
        '[{"key": "id", "value": 1, "type": "cohort"}]',
        '[{"key": "email", "value": "x", "operator": "nope"}]',
    ],
)
def test_property_filters_that_persons_do_not_take(api, ada, filters):
    assert api.get("persons/", {"properties": filters}).status_code == 400


def test_unknown_parameters_are_passed_over(api, ada):
    assert ids(api.get("persons/?include_total=true&nonsense=1")) == [ada.id]


# CSV


def rows(response) -> list[dict]:
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


@pytest.mark.parametrize("url", ["persons.csv", "persons.csv/", "persons?format=csv"])
def test_list_as_csv(api, ada, bob, url):
    first, second = rows(api.get(url))

    assert (first["id"], first["distinct_ids.0"]) == (str(bob.id), "bob")
    assert second["properties.email"] == "ada@example.com"
    assert second["distinct_ids.1"] == "ada"


def test_csv_has_filters_and_no_pages(api, project, ada):
    Person.objects.bulk_create(Person(project=project) for _ in range(10_005))

    assert len(rows(api.get("persons.csv?limit=5&offset=7"))) == 10_000
    assert len(rows(api.get("persons.csv?email=ada@example.com"))) == 1


def test_csv_is_read_some_at_a_time(api, project, monkeypatch):
    monkeypatch.setattr("persons.views.persons.CSV_CHUNK", 2)
    PersonFactory.create_batch(3, project=project, distinct_ids=[])
    PersonFactory(project=project, distinct_ids=["ada"])

    answer = api.get("persons.csv")

    assert answer.streaming
    assert [row["distinct_ids.0"] for row in rows(answer)] == ["ada", "", "", ""]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("cohort=123456", "cohort"),
        ('properties=[{"type": "cohort", "key": "id", "value": 123456}]', "properties"),
        ('properties=[{"key": "plan", "operator": "like"}]', "properties"),
    ],
)
def test_what_filters_ask_in_vain_is_named(api, query, attr):
    r = api.get(f"persons/?{query}")

    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_one_as_csv(api, ada):
    [row] = rows(api.get(f"persons/{ada.id}/?format=csv"))

    assert row["properties.name"] == "Ada Lovelace"


# Access


@pytest.mark.parametrize("prefix", ["environments", "projects"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_both_prefixes_and_no_slash(api, project, ada, prefix, slash):
    assert ids(api.get(f"/api/{prefix}/{project.id}/persons{slash}")) == [ada.id]
    assert api.get(f"/api/{prefix}/{project.id}/persons/{ada.id}{slash}").status_code == 200


def test_scopes(api_with_scopes, ada):
    assert api_with_scopes("person:read").get("persons/").status_code == 200
    assert api_with_scopes("person:write").get(f"persons/{ada.id}/").status_code == 200
    for path in ("persons/", "persons.csv", f"persons/{ada.id}/"):
        r = api_with_scopes("query:read").get(path)
        assert r.status_code == 403
        assert r.json()["detail"] == "API key missing required scope 'person:read'"


def test_creating_is_refused_with_advice(api):
    r = api.post("persons/", {"properties": {}})

    assert (r.status_code, r.json()["code"]) == (405, "method_not_allowed")
    assert "$identify" in r.json()["detail"]


@pytest.mark.parametrize(
    ("limit", "pages"), [(1, [1, 1, 1, 0]), (2, [2, 1, 0]), (3, [3, 0]), (4, [3])]
)
def test_the_count_is_that_of_all_pages(api, project, limit, pages):
    PersonFactory.create_batch(3, project=project)

    for number, length in enumerate(pages):
        page = api.get(f"persons/?limit={limit}&offset={number * limit}").json()
        assert (len(page["results"]), page["count"]) == (length, 3)
        assert (page["next"] is not None) is ((number + 1) * limit < 3)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such index")
def test_searches_have_an_index(project):
    persons = Person.objects.filter(email_and_name__icontains="ada@")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "person_search" in persons.explain()
