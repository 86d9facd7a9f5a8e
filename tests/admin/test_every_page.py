"""What holds for the admin pages of every model."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin as django_admin
from django.urls import reverse

from posthog_clone.admin import RecordAdmin

MODELS = [
    model
    for config in apps.get_app_configs()
    if Path(config.path).parent == settings.BASE_DIR
    for model in config.get_models()
]


def label(model):
    return model._meta.label


def page(model, name, *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)


@pytest.mark.parametrize("model", MODELS, ids=label)
def test_is_registered_with_columns_filters_and_search(model):
    page = django_admin.site.get_model_admin(model)
    assert page.list_display != ("__str__",)
    assert page.get_search_fields(None)
    assert page.show_full_result_count is False
    if not isinstance(page, RecordAdmin):
        no_dropdown = {*page.autocomplete_fields, *page.raw_id_fields, *page.readonly_fields}
        assert {field.name for field in model._meta.fields if field.remote_field} <= no_dropdown


@pytest.mark.parametrize("model", MODELS, ids=label)
def test_list_and_search_open(admin, model):
    for query in ("", "?q=something", "?q=0190a8b0-0000-7000-8000-000000000000"):
        assert admin.get(page(model, "changelist") + query).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=label)
def test_form_for_a_new_one_opens_unless_the_server_alone_writes_it(admin, model):
    closed = isinstance(django_admin.site.get_model_admin(model), RecordAdmin)
    assert admin.get(page(model, "add")).status_code == (403 if closed else 200)
