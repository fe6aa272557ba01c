"""`girok up`: a whole cluster on this machine, one process for each role, with the servers that they need."""
