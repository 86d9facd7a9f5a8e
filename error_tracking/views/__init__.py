"""The endpoints below error_tracking/, a module per resource."""
