"""What happened: issues with their numbers, one issue, and its occurrences.

Numbers come from the events, names and states from the database.
"""
