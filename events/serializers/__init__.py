"""The JSON of events, definitions and actions."""
