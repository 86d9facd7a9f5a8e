"""E-mail, destinations and the guarded outgoing client."""
