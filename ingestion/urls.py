"""The paths of capture. CaptureMiddleware serves each with and without a slash at its end."""

from django.urls import path

from ingestion.views import flags, remote_config
from ingestion.views.batches import capture_batch
from ingestion.views.capture import capture, discard_recording
from ingestion.views.logs import export_logs
from ingestion.views.scripts import sdk_script

definitions = flags.FlagDefinitions.as_view({"get": "list"})

urlpatterns = [
    path("batch", capture),
    path("e", capture),
    path("i/v0/e", capture),
    path("capture", capture),
    path("track", capture),
    path("engage", capture, {"unnamed": "$identify"}),
    path("i/v0/ai", capture),
    path("i/v0/ai/batch", capture),
    path("i/v1/analytics/events", capture_batch),
    path("s", discard_recording),
    path("i/v1/logs", export_logs),
    path("v1/logs", export_logs),
    path("flags", flags.flags),
    path("decide", flags.decide),
    path("flags/definitions", definitions),
    path("api/feature_flag/local_evaluation", definitions),
    path("api/surveys", flags.nothing, {"answer": {"surveys": [], "survey_config": None}}),
    path("api/early_access_features", flags.nothing, {"answer": {"earlyAccessFeatures": []}}),
    path("api/web_experiments", flags.nothing, {"answer": {"experiments": []}}),
    path("array/<str:token>/config", remote_config.config),
    path("array/<str:token>/config.js", remote_config.config_script),
    path("array/<str:token>/array.js", remote_config.array_script),
    path("static/<str:name>", sdk_script),
    path("static/<str:version>/<str:name>", sdk_script),
]
