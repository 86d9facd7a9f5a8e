"""Who may do what: the scopes of keys and the levels of members. Decided here and nowhere else.

A key's scope is `<object>:read` or `<object>:write`; write includes read, `*` includes all.
"""

from collections.abc import Iterable

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission

from projects.models import MembershipLevel, PersonalAPIKey, Project

SCOPE_OBJECTS = frozenset(
    """
    access_control account action activity_log ai_observability_clusters alert annotation approvals
    batch_export batch_import batch_import_support billing business_knowledge canvas cohort comment
    conversation customer_analytics customer_journey customer_profile_config customer_task dashboard
    dashboard_template data_catalog data_catalog_approval dataset early_access_feature element
    endpoint engineering_analytics error_tracking evaluation event_definition event_filter
    experiment experiment_holdout experiment_saved_metric export external_data_schema
    external_data_source feature_flag field_note file_system file_system_shortcut group health_issue
    heatmap hog_flow hog_function ingestion_warning insight insight_variable integration
    legal_document link live_debugger llm_analytics llm_gateway llm_playground llm_prompt
    llm_provider_key llm_skill logs loop marketing_analytics mcp_analytics metrics notebook
    organization organization_integration organization_member person persisted_folder plugin
    product_enablement product_tour project property_definition query query_performance
    replay_scanner revenue_analytics review_hog session_recording session_recording_playlist
    sharing_configuration signal_scout stamphog streamlit_app subscription survey tagger task ticket
    toolbar tracing uploaded_media usage_metric user user_interview vision_action vision_alert
    visual_review warehouse_objects warehouse_table warehouse_view web_analytics webhook
    wizard_session
    """.split()  # noqa: SIM905
)

NO_KEYS = "This action does not support personal API key access"
NO_PROJECT_ACCESS = "You don't have access to the project."

RequiredScopes = Iterable[str | tuple[str, ...]]


def is_scope(scope: str) -> bool:
    if scope == "*":
        return True
    name, _, verb = scope.partition(":")
    return name in SCOPE_OBJECTS and verb in {"read", "write"}


def grants(held: Iterable[str], needed: str) -> bool:
    held = set(held)
    if "*" in held or needed in held:
        return True
    name, _, verb = needed.partition(":")
    return verb == "read" and f"{name}:write" in held


def check_scopes(key: PersonalAPIKey, required: RequiredScopes | None) -> None:
    """Raise unless the key holds each of `required`; of a tuple, one is enough.

    None means that keys don't open this at all. A refusal names the last of a tuple.
    """
    if required is None:
        raise PermissionDenied(NO_KEYS)
    for item in required:
        alternatives = (item,) if isinstance(item, str) else item
        if not any(grants(key.scopes, scope) for scope in alternatives):
            raise PermissionDenied(f"API key missing required scope '{alternatives[-1]}'")


def check_key_reaches_organization(key: PersonalAPIKey, organization_id) -> None:
    if key.scoped_organizations and str(organization_id) not in key.scoped_organizations:
        raise PermissionDenied(
            f"API key does not have access to the requested organization: ID {organization_id}."
        )


def check_key_reaches_project(key: PersonalAPIKey, project: Project) -> None:
    if key.scoped_teams and project.id not in key.scoped_teams:
        raise PermissionDenied(
            f"API key does not have access to the requested project: ID {project.id}."
        )
    check_key_reaches_organization(key, project.organization_id)


def check_key_is_not_project_scoped(key: PersonalAPIKey) -> None:
    if key.scoped_teams:
        raise PermissionDenied(
            "API keys with scoped projects are only supported on project-based endpoints."
        )


def check_level(level: int | None, needed: MembershipLevel) -> None:
    if level is None or level < needed:
        raise PermissionDenied(
            "Your organization access level is insufficient: "
            f"this takes {MembershipLevel(needed).label.lower()} rights."
        )


class Closed(BasePermission):
    """The default: a view that forgets its base class is shut, not open."""

    message = "This endpoint is not open to anyone."

    def has_permission(self, request, view):
        return False
