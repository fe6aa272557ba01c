"""The servers of a cluster on this machine, from the wheels of the extra `cluster`: for `girok up` and for tests.

Each module has one function that gives a `ServerProcess` for a folder and a port; nothing runs before its `start`.
Every server listens on the loopback address only and keeps everything that it stores in its folder.
"""
