"""gRPC between the processes of a cluster. A plugin writes a `.proto` and a Protocol of the same names; nothing here is
written by hand for any of them.

    agreement.py   what a Struct and a message have to do with one another, field by field
    converter.py   functions generated from that: Struct to bytes and back
    contract.py    a plugin's Protocol beside its service
    status.py      errors as gRPC statuses and back
    metadata.py    the call context as metadata and back
    server.py      answers calls with the ports of this process
    client.py      a port that calls
    peer.py        one process that answers; peers.py: which there are
"""
