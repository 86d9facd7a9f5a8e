"""The JSON of each resource, a module per resource."""
