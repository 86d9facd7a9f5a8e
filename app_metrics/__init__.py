"""Counts and errors of deliveries and exports."""
