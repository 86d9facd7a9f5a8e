"""Questions in plain English, answered with queries over a project's own events and properties."""
