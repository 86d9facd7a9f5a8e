"""Paths of signed links, outside of any project: who has the link may use it."""

from django.urls import path

from insights.views import exports

urlpatterns = [
    path("exports/download/<str:token>", exports.download, name="export_download"),
]
