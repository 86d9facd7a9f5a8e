"""From frames of shipped code to frames of its source, by the symbol sets that were uploaded."""
