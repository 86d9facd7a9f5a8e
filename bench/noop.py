"""The baseline of the ingestion benchmark: the same HTTP server, reading the body and no more."""

import sys

from posthog_clone import web


def application(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"status":"Ok"}']


if __name__ == "__main__":
    web.application = application
    web.serve("127.0.0.1", int(sys.argv[1]), 1)
