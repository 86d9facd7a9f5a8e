"""Paths of signed links, outside of any project: who has the link may use it."""

from django.urls import path

from error_tracking.views import symbol_files

urlpatterns = [
    path("symbol_sets/upload/<str:token>", symbol_files.upload, name="symbol_set_upload"),
    path("symbol_sets/download/<str:token>", symbol_files.download, name="symbol_set_download"),
]
