"""Alerts on log lines, a module per subject."""
