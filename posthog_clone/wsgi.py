"""The WSGI application: Django, plus what WSGI servers leave to the application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthog_clone.settings")

from posthog_clone.chunked import ChunkedBodies  # noqa: E402

application = ChunkedBodies(get_wsgi_application())
