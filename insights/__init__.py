"""Saved insights and what they compute."""
