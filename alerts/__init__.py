"""Alerts on insights: checked on schedule, told to their subscribers."""
