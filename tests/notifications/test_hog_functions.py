import pytest

from notifications.models import HogFunction
from projects.models import ActivityLogEntry
from tests.factories import IntegrationFactory, ProjectFactory
from tests.notifications.delivering import iso, put, webhook

pytestmark = pytest.mark.django_db
URL = "https://example.com/hook"
ALERT = {"key": "alert_id", "value": "a1", "operator": "exact", "type": "event"}


@pytest.fixture
def make(api):
    """Makes a destination over HTTP."""

    def make(**fields) -> dict:
        answer = api.post("hog_functions/", {**webhook(URL), **fields})
        assert answer.status_code == 201, answer.json()
        return answer.json()

    return make


def test_create(api, user):
    filters = {"events": [{"id": "$insight_alert_firing", "type": "events"}], "properties": [ALERT]}

    answer = api.post("hog_functions/", {**webhook(URL, method="PUT"), "filters": filters})

    function = HogFunction.objects.get()
    template = api.get("hog_function_templates/template-webhook/").json()
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": str(function.id),
            "type": "internal_destination",
            "name": "Hook",
            "description": "",
            "created_at": iso(function.created_at),
            "created_by": answer.json()["created_by"],
            "updated_at": iso(function.updated_at),
            "enabled": True,
            "hog": "",
            "bytecode": None,
            "transpiled": None,
            "inputs_schema": template["inputs_schema"],
            "inputs": {"url": {"value": URL}, "method": {"value": "PUT"}},
            "filters": filters,
            "masking": None,
            "mappings": None,
            "icon_url": "/static/services/webhook.svg",
            "template": template,
            "status": {"state": 1, "tokens": 10000},
            "execution_order": None,
            "version": None,
            "draft": None,
            "draft_updated_at": None,
        },
    )
    assert answer.json()["created_by"]["email"] == user.email
    assert api.get(f"hog_functions/{function.id}/").json() == answer.json()


def test_what_is_left_out_is_the_template_s(api):
    body = {
        "type": "destination",
        "template_id": "template-webhook",
        "inputs": {"url": put(URL)},
        "hog": "",
        "mappings": None,
        "masking": None,
        "inputs_schema": [{"key": "x"}],
    }

    row = api.post("hog_functions/", body).json()

    assert (row["name"], row["enabled"], row["filters"]) == ("HTTP Webhook", False, {})
    assert row["inputs"] == {"url": put(URL)}


@pytest.mark.parametrize(
    ("change", "attr", "code"),
    [
        ({"type": "transformation"}, "type", "invalid_choice"),
        ({"type": None}, "type", "null"),
        ({"template_id": "template-nope"}, "template_id", "invalid_input"),
        ({"hog": "return 1"}, "hog", "invalid_input"),
        ({"mappings": [{}]}, "mappings", "invalid_input"),
        ({"masking": {"ttl": 60}}, "masking", "invalid_input"),
        ({"inputs": {}}, "inputs__url", "required"),
        ({"inputs": {"url": {}}}, "inputs__url", "required"),
        ({"inputs": {"url": put("")}}, "inputs__url", "required"),
        ({"inputs": {"url": put(5)}}, "inputs__url", "invalid_input"),
        ({"inputs": {"url": put("ftp://x")}}, "inputs__url", "invalid_input"),
        ({"inputs": {"url": "https://x"}}, "inputs__url", "invalid_input"),
        ({"inputs": []}, "inputs", "not_a_dict"),
        (webhook(URL, header={"a": "b"}), "inputs__header", "invalid_input"),
        (webhook(URL, method="SPY"), "inputs__method", "invalid_choice"),
        (webhook(URL, method=["POST"]), "inputs__method", "invalid_choice"),
        (webhook(URL, headers="x"), "inputs__headers", "invalid_input"),
        (webhook(URL, headers={"a": {}}), "inputs__headers", "invalid_input"),
        (webhook(URL, headers={"a b": "c"}), "inputs__headers", "invalid_input"),
        (webhook(URL, debug="yes"), "inputs__debug", "invalid_input"),
        (webhook(URL, signing_secret="whsec_***"), "inputs__signing_secret", "invalid_input"),
        (webhook(URL, signing_secret=5), "inputs__signing_secret", "invalid_input"),
        (webhook(URL, body={"a": ["{event.x ?? 1}"]}), "inputs__body", "invalid_input"),
        (webhook(URL, body="{upper(event.event)}"), "inputs__body", "invalid_input"),
        (webhook(URL, body="{inputs.url}"), "inputs__body", "invalid_input"),
        (webhook(URL, body="{event"), "inputs__body", "invalid_input"),
        (webhook("https://{event.a + 1}/"), "inputs__url", "invalid_input"),
        ({"filters": []}, "filters", "invalid_input"),
        ({"filters": {"events": 5}}, "filters", "invalid_input"),
        ({"filters": {"events": [5]}}, "filters", "invalid_input"),
        ({"filters": {"actions": [{"id": "1"}]}}, "filters", "invalid_input"),
        ({"filters": {"event": [{"id": "$x"}]}}, "filters", "invalid_input"),
        ({"filters": {"source": "person-updates"}}, "filters", "invalid_input"),
        ({"filters": {"properties": [{"key": "a", "type": "cohort"}]}}, "filters", "invalid_input"),
        ({"filters": {"properties": [{"key": "a", "operator": "x"}]}}, "filters", "invalid_input"),
        ({"filters": {"properties": "x"}}, "filters", "invalid_input"),
        ({"filters": {"properties": {"type": "X", "values": []}}}, "filters", "invalid_input"),
        ({"name": "x" * 401}, "name", "max_length"),
        ({"enabled": "perhaps"}, "enabled", "invalid_input"),
    ],
)
def test_what_is_refused_names_the_field(api, change, attr, code):
    answer = api.post("hog_functions/", {**webhook(URL), **change})

    assert answer.status_code == 400, answer.json()
    assert (answer.json()["attr"], answer.json()["code"]) == (attr, code)
    assert not HogFunction.objects.exists()


def test_without_a_template_there_is_no_destination(api):
    body = webhook(URL)
    del body["template_id"]
    answer = api.post("hog_functions/", body)
    assert (answer.status_code, answer.json()["attr"]) == (400, "template_id")
    answer = api.post("hog_functions/", {**body, "template_id": "x"})
    assert answer.json()["detail"] == "No template found for id 'x'"


def nested(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def test_nesting_without_end_is_refused(api):
    assert api.post("hog_functions/", webhook(URL, body=nested(100))).status_code == 400
    body = {**webhook(URL), "filters": nested(100)}
    assert api.post("hog_functions/", body).json()["attr"] == "filters"


def test_slack_takes_a_workspace_of_the_project(api, project):
    own, other = IntegrationFactory(project=project), IntegrationFactory()
    github = IntegrationFactory(project=project, kind="github")

    def post(workspace):
        inputs = {"slack_workspace": put(workspace), "channel": put("#ops")}
        body = {"type": "internal_destination", "template_id": "template-slack", "inputs": inputs}
        return api.post("hog_functions/", body)

    for wrong in (other.id, github.id, 10**30, "x", "", True, 1.5):
        answer = post(wrong)
        assert (answer.status_code, answer.json()["attr"]) == (400, "inputs__slack_workspace")
    answer = post(own.id)
    assert answer.json()["inputs"]["slack_workspace"] == put(own.id)
    assert HogFunction.objects.get().integration == own


def test_an_integration_in_use_is_not_deleted(api, project):
    integration = IntegrationFactory(project=project)
    inputs = {"slack_workspace": put(integration.id), "channel": put("#ops")}
    row = api.post(
        "hog_functions/",
        {
            "type": "internal_destination",
            "template_id": "template-slack",
            "enabled": True,
            "name": "Ops",
            "inputs": inputs,
        },
    ).json()

    refused = api.delete(f"integrations/{integration.id}/")
    assert (refused.status_code, "Ops" in refused.json()["detail"]) == (400, True)

    api.patch(f"hog_functions/{row['id']}/", {"enabled": False})
    assert api.delete(f"integrations/{integration.id}/").status_code == 204
    assert HogFunction.objects.get().integration is None


def test_secrets_are_kept_but_not_shown(api, make):
    secret = "whsec_c2VjcmV0"
    row = make(inputs=webhook(URL, signing_secret=secret)["inputs"])
    function = HogFunction.objects.get()

    assert row["inputs"]["signing_secret"] == {"secret": True}
    assert secret not in str(HogFunction.objects.values().get())
    assert function.values()["signing_secret"] == secret

    changed = {"url": put(URL + "2"), "signing_secret": {"secret": True}}
    answer = api.patch(f"hog_functions/{row['id']}/", {"inputs": changed})
    function.refresh_from_db()
    assert answer.json()["inputs"]["signing_secret"] == {"secret": True}
    assert function.values()["signing_secret"] == secret
    assert function.values()["url"] == URL + "2"

    api.patch(f"hog_functions/{row['id']}/", {"inputs": {"url": put(URL)}})
    function.refresh_from_db()
    assert function.values()["signing_secret"] is None
    assert secret not in str(list(ActivityLogEntry.objects.values()))


def test_a_secret_of_another_key_can_be_entered_again(api, make, settings):
    row = make(inputs=webhook(URL, signing_secret="old")["inputs"])
    settings.SECRET_KEY = "another"
    path = f"hog_functions/{row['id']}/"

    assert api.get(path).json()["inputs"]["signing_secret"] == {"secret": True}
    assert "SECRET_KEY" in api.patch(path, {"inputs": row["inputs"]}).json()["detail"]
    renewed = {"url": put(URL), "signing_secret": put("new")}
    assert api.patch(path, {"inputs": renewed}).status_code == 200
    assert HogFunction.objects.get().values()["signing_secret"] == "new"


def test_patch_and_put_change_what_is_given(api, make):
    row = make(filters={"events": [{"id": "a"}]})
    path = f"hog_functions/{row['id']}/"

    for call, change in ((api.patch, {"name": "New"}), (api.put, {"enabled": False})):
        answer = call(path, change).json()
        assert answer == {**row, **change, "updated_at": answer["updated_at"]}
        assert answer["updated_at"] > row["updated_at"]
        row = answer
    assert api.patch(path, {"filters": None}).json()["filters"] == {}
    assert api.patch(path, {"type": "internal_destination"}).status_code == 200
    refused = api.patch(path, {"type": "destination"}).json()
    assert (refused["attr"], refused["detail"]) == (
        "type",
        "Cannot modify the type of an existing function",
    )
    assert api.patch(path, {"inputs": {}}).json()["attr"] == "inputs__url"


def test_patch_by_form(api, make):
    row = make()

    answer = api.patch(
        f"hog_functions/{row['id']}/",
        'enabled=false&inputs={"url":{"value":"https://b.example"}}',
        content_type="application/x-www-form-urlencoded",
    )

    assert (answer.status_code, answer.json()["enabled"]) == (200, False)
    assert answer.json()["inputs"] == {"url": put("https://b.example")}
    answer = api.patch(
        f"hog_functions/{row['id']}/",
        "filters=undefined",
        content_type="application/x-www-form-urlencoded",
    )
    assert (answer.status_code, answer.json()["attr"]) == (400, "filters")


def test_deleted_ones_are_gone_until_restored(api, make):
    row = make()
    path = f"hog_functions/{row['id']}/"

    assert api.delete(path).status_code == 405
    assert api.delete(path).content == b""
    deleted = api.patch(path, {"deleted": True})
    assert (deleted.status_code, deleted.json()["id"]) == (200, row["id"])
    assert api.get(path).status_code == 404
    assert api.patch(path, {"name": "x"}).status_code == 404
    assert api.patch(path, {"deleted": True}).status_code == 404
    assert api.get("hog_functions/").json()["results"] == []
    assert api.get(f"{path}metrics/").status_code == 404
    assert api.patch(path, {"deleted": False}).status_code == 200
    assert api.get(path).status_code == 200


def test_list_shows_rows_in_short_or_in_full(api, make, django_assert_num_queries):
    rows = [make(name=f"Hook {n}") for n in range(3)]
    api.patch(f"hog_functions/{rows[0]['id']}/", {"description": "changed last"})

    with django_assert_num_queries(4):  # key, project, count, rows
        listed = api.get("hog_functions/").json()["results"]
    with django_assert_num_queries(4):
        full = api.get("hog_functions/?full=true").json()["results"]

    assert [row["name"] for row in listed] == ["Hook 0", "Hook 2", "Hook 1"]
    left_out = {
        *("inputs", "inputs_schema", "masking", "mappings", "bytecode", "transpiled"),
        *("version", "draft", "draft_updated_at"),
    }
    assert set(full[0]) - set(listed[0]) == left_out
    assert full[1] == api.get(f"hog_functions/{full[1]['id']}/").json()


def test_list_filters(api, make):
    issues = {"events": [{"id": "$error_tracking_issue_created", "type": "events"}]}
    alerts = {"events": [{"id": "$insight_alert_firing", "type": "events"}], "properties": [ALERT]}
    make(name="Issues", filters=issues)
    make(name="Alerts", filters=alerts, enabled=False)
    make(name="Events", type="destination", description="all of them")

    def names(**query) -> set:
        answer = api.get("hog_functions/", query)
        assert answer.status_code == 200, answer.json()
        return {row["name"] for row in answer.json()["results"]}

    assert names() == {"Issues", "Alerts", "Events"}
    assert names(type="destination") == {"Events"}
    assert names(types="destination,internal_destination") == {"Issues", "Alerts", "Events"}
    assert names(types="transformation") == set()
    assert names(enabled="false") == {"Alerts"}
    assert names(search="alert") == {"Alerts"}
    assert names(search="ALL OF") == {"Events"}
    assert names(filters='{"events":[{"id":"$error_tracking_issue_created"}]}') == {"Issues"}
    assert names(filters='{"properties":[{"key":"alert_id","value":"a1"}]}') == {"Alerts"}
    assert names(filters='{"properties":[{"key":"alert_id","value":"a2"}]}') == set()
    groups = '[{"events":[{"id":"$error_tracking_issue_created"}]},{"properties":[{"value":"a1"}]}]'
    assert names(filter_groups=groups) == {"Issues", "Alerts"}
    assert names(filter_groups="[]") == set()
    for query in ("filters=[", "filters=[]", "filter_groups={}", "filter_groups=[1]"):
        answer = api.get(f"hog_functions/?{query}")
        assert (answer.status_code, answer.json()["attr"]) == (400, query.split("=")[0])


def test_others_destinations_are_not_found(api, project):
    other = HogFunction.objects.create(
        project=ProjectFactory(), type="destination", template_id="template-webhook", name="x"
    )

    for id in (other.id, "x", "1", "new"):
        assert api.get(f"hog_functions/{id}/").status_code == 404
        assert api.patch(f"hog_functions/{id}/", {"deleted": False}).status_code == 404
        assert api.get(f"hog_functions/{id}/logs/").status_code == 404


def test_scopes(api_with_scopes, make):
    row = make()
    reader, writer = api_with_scopes("hog_function:read"), api_with_scopes("hog_function:write")
    path = f"hog_functions/{row['id']}/"

    for client in (reader, writer):
        assert client.get(path).status_code == 200
        assert client.get("hog_function_templates/").status_code == 200
    assert reader.patch(path, {}).status_code == 403
    assert reader.post(f"{path}invocations/", {}).status_code == 403
    assert writer.patch(path, {}).status_code == 200
    stranger = api_with_scopes("query:read")
    for tail in ("", "logs/", "metrics/", "metrics/totals/"):
        refused = stranger.get(path + tail).json()["detail"]
        assert refused == "API key missing required scope 'hog_function:read'"


def test_templates(api):
    listed = api.get("hog_function_templates/").json()

    assert listed["count"] == 4
    assert [row["id"] for row in listed["results"]] == [
        "template-webhook",
        "template-slack",
        "template-discord",
        "template-microsoft-teams",
    ]
    assert set(listed["results"][0]) == {
        *("id", "name", "description", "type", "status", "icon_url", "code", "code_language"),
        *("inputs_schema", "category", "free", "filters", "masking", "mapping_templates"),
    }
    assert api.get("hog_function_templates/template-nope/").status_code == 404
    for query, count in [
        ("type=destination", 4),
        ("type=internal_destination", 4),
        ("types=transformation,destination", 4),
        ("type=transformation", 0),
        ("types=site_app,source_webhook", 0),
    ]:
        assert api.get(f"hog_function_templates/?{query}").json()["count"] == count, query


def test_changes_are_logged(api, make):
    row = make()
    path = f"hog_functions/{row['id']}/"
    api.patch(path, {"name": "New", "inputs": {"url": put("https://b.example")}})
    api.patch(path, {"name": "New"})
    api.patch(path, {"deleted": True})
    api.patch(path, {"deleted": False})

    entries = api.get("activity_log/?scope=HogFunction").json()["results"]

    activities = [entry["activity"] for entry in entries]
    assert activities == ["restored", "deleted", "updated", "created"]
    changes = entries[2]["detail"]["changes"]
    assert [change["field"] for change in changes] == ["name", "inputs"]
    assert (changes[0]["before"], changes[0]["after"]) == ("Hook", "New")
