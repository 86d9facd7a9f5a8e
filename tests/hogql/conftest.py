"""The query language by itself: nothing is known of projects but what a test says."""

import pytest
from django.test import override_settings

from hogql.compiler.context import no_cohorts


def types(project, names):
    return {}


def cohorts(project, cohort):
    return no_cohorts(cohort)


def no_group_types(project):
    return {}


def no_cohort_ids(project):
    return []


@pytest.fixture(scope="module", autouse=True)
def nothing_known():
    with override_settings(
        HOGQL_PROPERTY_TYPES=f"{__name__}.types",
        HOGQL_COHORTS=f"{__name__}.cohorts",
        HOGQL_COHORT_IDS=f"{__name__}.no_cohort_ids",
        HOGQL_GROUP_TYPES=f"{__name__}.no_group_types",
    ):
        yield
