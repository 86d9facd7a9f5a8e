"""What settings are while nobody has set them, by their API names."""

PROJECT_SETTINGS = {
    "access_control": False,
    "anonymize_ips": False,
    "app_urls": [],
    "autocapture_exceptions_errors_to_ignore": None,
    "autocapture_exceptions_opt_in": None,
    "autocapture_opt_out": None,
    "capture_console_log_opt_in": None,
    "capture_performance_opt_in": None,
    "completed_snippet_onboarding": False,
    "correlation_config": {},
    "data_attributes": ["data-attr"],
    "extra_settings": None,
    "flags_persistence_default": None,
    "has_completed_onboarding_for": None,
    "heatmaps_opt_in": None,
    "is_demo": False,
    "live_events_columns": None,
    "logs_settings": None,
    "modifiers": None,
    "path_cleaning_filters": [],
    "primary_dashboard": None,
    "product_description": None,
    "recording_domains": None,
    "session_recording_opt_in": False,
    "slack_incoming_webhook": None,
    "surveys_opt_in": None,
    "test_account_filters": [],
    "test_account_filters_default_checked": None,
}
NOTIFICATIONS = {
    "error_tracking_issue_assigned": True,
    "error_tracking_issue_created": False,
    "error_tracking_issue_reopened": False,
    "error_tracking_issue_spiking": False,
}
"""What users are mailed of, unless their notification settings say otherwise."""
USER_PREFERENCES = {
    "anonymize_data": False,
    "events_column_config": {"active": "DEFAULT"},
    "has_seen_product_intro_for": None,
    "hedgehog_config": None,
    "notification_settings": {},
    "role_at_organization": None,
    "theme_mode": None,
    "toolbar_mode": "toolbar",
}
