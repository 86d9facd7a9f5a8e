"""Exports: from what was asked to the file."""
