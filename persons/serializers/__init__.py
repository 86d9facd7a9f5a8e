"""The JSON of persons and groups."""
