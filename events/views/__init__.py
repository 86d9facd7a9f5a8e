"""Events, what is known of them, and actions."""
