"""From the bytes of a request to events: nothing here knows Django.

payload     where the payload is, and what it is wrapped in
compression bounded decompression
documents   JSON, tolerant of what real clients send
events      the shapes of the capture endpoints, and what an event becomes
batches     the newer capture protocol, which answers for each event
clocks      the client's clock against ours
"""
