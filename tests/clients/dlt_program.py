"""Reads a resource with dlt's rest_api source, following `next`; prints its rows' ids.

python dlt_program.py <url below the project> <key> <path> <parameters as JSON>
"""

import json
import sys
from importlib import import_module

# Not by `import`: it is in the environment that uv makes, and none of ours.
rest_api = import_module("dlt.sources.rest_api")

url, key, path, params = sys.argv[1:]
# Single braces would be dlt's own placeholders.
doubled = {"{": "{{", "}": "}}"}
source = rest_api.rest_api_source(
    {
        "client": {
            "base_url": url,
            "auth": {"type": "bearer", "token": key},
            "paginator": {"type": "json_link", "next_url_path": "next"},
        },
        "resources": [
            {
                "name": "rows",
                "endpoint": {
                    "path": path,
                    "params": {
                        name: value.translate(str.maketrans(doubled))
                        if isinstance(value, str)
                        else value
                        for name, value in json.loads(params).items()
                    },
                    "data_selector": "results",
                },
            }
        ],
    }
)
print(json.dumps([row["id"] for row in source.resources["rows"]]))  # noqa: T201
