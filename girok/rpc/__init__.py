"""gRPC between the processes of a cluster. A plugin writes a `.proto` and a Protocol of the same names; nothing here is
written by hand for any of them.

    agreement.py   what a Struct and a message have to do with one another, field by field
    converter.py   functions generated from that: Struct to bytes and back
    contract.py    a plugin's Protocol beside its service
    status.py      errors as gRPC statuses and back
    metadata.py    the call context as metadata and back
    server.py      answers calls with the ports of this process; open_services.py: health and reflection
    client.py      a port that calls
    peer.py        one process that answers; peers.py: which there are; membership.py: how they find one another
    http2.py       what both ends do with HTTP/2, http2_server.py and http2_client.py each of them
    framing.py     gRPC's forms on it

The connections are our own, on h2. grpclib's do not hold what ours have to: its client ends a lost call by cancelling
the task that waits for it and leaves the task's count of cancellations wrong, so that a later `asyncio.timeout` there
is a CancelledError; calls that wait for a stream or a window are not told that their connection is gone; its server
keeps every stream that was taken back at once, takes a message of any length for health and reflection, ends the
connection with a traceback on a frame that it does not know, and on Python 3.12 waits at its end for every client to
leave. From it come the protos, health, reflection and the names of statuses.
"""
