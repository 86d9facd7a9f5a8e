"""What an `$exception` event says, read without any store: entries, frames, fingerprints.

`reading.read` takes the event's properties; everything below it is a pure function of them.
"""
