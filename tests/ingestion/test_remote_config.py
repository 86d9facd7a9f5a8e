"""What posthog-js reads when it starts."""

import json
import re

import pytest

from ingestion.urls import urlpatterns
from tests.factories import RuleFactory

pytestmark = pytest.mark.django_db

ORIGIN = "https://shop.example.com"
CONFIG = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocapture_opt_out": False,
    "autocaptureExceptions": {"endpoint": "/e/"},
    "analytics": {"endpoint": "/i/v0/e/"},
    "elementsChainAsString": True,
    "errorTracking": {"autocaptureExceptions": True, "suppressionRules": []},
    "logs": {"captureConsoleLogs": False},
    "sessionRecording": False,
    "heatmaps": False,
    "surveys": False,
    "conversations": False,
    "productTours": False,
    "defaultIdentifiedOnly": True,
    "siteApps": [],
    "isAuthenticated": False,
    "toolbarParams": {},
}


@pytest.mark.parametrize("slash", ["", "/"])
def test_config(client, project, slash):
    r = client.get(f"/array/{project.api_token}/config{slash}", HTTP_ORIGIN=ORIGIN)
    assert (r.status_code, r.json()) == (200, {"token": project.api_token, **CONFIG})
    assert r["Access-Control-Allow-Origin"] == ORIGIN
    assert "max-age" in r["Cache-Control"]


def test_config_script_sets_what_the_sdk_looks_for(client, project):
    r = client.get(f"/array/{project.api_token}/config.js")
    code = r.content.decode()
    assert r["Content-Type"].startswith("application/javascript")
    declared, assigned = code.strip().split("\n")
    assert declared == "window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {};"
    match = re.fullmatch(r'window\._POSTHOG_REMOTE_CONFIG\["(.*?)"\] = (.*);', assigned)
    assert match[1] == project.api_token
    assert json.loads(match[2]) == {
        "config": {"token": project.api_token, **CONFIG},
        "siteApps": [],
    }


@pytest.mark.parametrize("token", ["phc_none", "phx_x", "%00", "%F0%9F%98%80", "%ED%A0%80"])
@pytest.mark.parametrize("name", ["config", "config.js", "array.js"])
def test_unknown_tokens(client, token, name):
    r = client.get(f"/array/{token}/{name}", HTTP_ORIGIN=ORIGIN)
    assert r.status_code == 404
    assert r["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(
    ("of_server", "of_project", "expected"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_autocapture_of_exceptions(client, project, settings, of_server, of_project, expected):
    settings.AUTOCAPTURE_EXCEPTIONS = of_server
    project.settings = {"autocapture_exceptions_opt_in": of_project}
    project.save()
    config = client.get(f"/array/{project.api_token}/config").json()
    assert config["errorTracking"]["autocaptureExceptions"] is expected
    assert config["autocaptureExceptions"] == ({"endpoint": "/e/"} if expected else False)


def test_autocapture_of_clicks_can_be_off(client, project):
    project.settings = {"autocapture_opt_out": True}
    project.save()
    config = client.get(f"/array/{project.api_token}/config").json()
    assert config["autocapture_opt_out"] is True


def test_endpoints_of_the_configuration_exist(client, project):
    paths = {str(pattern.pattern) for pattern in urlpatterns}
    config = client.get(f"/array/{project.api_token}/config").json()
    for part in ("analytics", "autocaptureExceptions"):
        assert config[part]["endpoint"].strip("/") in paths


def test_array_script_comes_with_its_configuration(client, project, settings, tmp_path):
    settings.BROWSER_SDK_DIR = tmp_path
    path = f"/array/{project.api_token}/array.js"
    assert client.get(path).status_code == 404

    (tmp_path / "array.js").write_text("start();")
    code = client.get(path).content.decode()
    assert code.startswith("window._POSTHOG_REMOTE_CONFIG")
    assert code.endswith("start();")


# Suppression rules


def condition(**fields) -> dict:
    return {
        "key": "$exception_types",
        "type": "event",
        "operator": "exact",
        "value": ["TypeError"],
        **fields,
    }


def group(*values, type="OR") -> dict:
    return {"type": type, "values": list(values)}


@pytest.fixture
def rules_in_browsers(client, project):
    return lambda: client.get(f"/array/{project.api_token}/config").json()["errorTracking"][
        "suppressionRules"
    ]


@pytest.mark.parametrize(
    "filters",
    [
        group(condition()),
        group(condition(operator="is_not", value="TypeError"), type="AND"),
        group(condition(key="$exception_values", operator="icontains", value="ResizeObserver")),
        group(condition(), condition(operator="not_icontains", value=["a", "b"])),
    ],
)
def test_rules_that_browsers_apply(rules_in_browsers, project, filters):
    RuleFactory(project=project, kind="suppression", filters=filters)
    assert rules_in_browsers() == [filters]


@pytest.mark.parametrize(
    "filters",
    [
        group(),
        group(group(condition())),
        group(condition(key="$browser")),
        group(condition(operator="regex", value="x")),
        group(condition(operator="is_set", value=None)),
        group(condition(value=[])),
        group(condition(value=[1])),
        group(condition(value=True)),
        group(condition(), condition(key="$browser")),
    ],
)
def test_rules_that_browsers_do_not_understand(rules_in_browsers, project, filters):
    RuleFactory(project=project, kind="suppression", filters=filters)
    assert rules_in_browsers() == []


def test_rules_that_are_not_for_browsers(rules_in_browsers, project):
    filters = group(condition())
    RuleFactory(project=project, kind="suppression", filters=filters, sampling_rate=0.5)
    RuleFactory(project=project, kind="suppression", filters=filters, disabled_data={"message": ""})
    RuleFactory(project=project, kind="grouping", filters=filters)
    RuleFactory(kind="suppression", filters=filters)
    assert rules_in_browsers() == []


def test_rules_come_in_their_order(rules_in_browsers, project):
    last, first = group(condition(value="last")), group(condition(value="first"))
    RuleFactory(project=project, kind="suppression", filters=last, order_key=2)
    RuleFactory(project=project, kind="suppression", filters=first, order_key=1)
    assert rules_in_browsers() == [first, last]


def test_configuration_takes_two_queries(client, project, django_assert_num_queries):
    RuleFactory.create_batch(3, project=project, kind="suppression", filters=group(condition()))
    with django_assert_num_queries(2):
        client.get(f"/array/{project.api_token}/config")
