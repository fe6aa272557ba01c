"""girok, the kernel: everything that every domain needs, and nothing that knows a domain by name."""

__version__ = "0.1.0"
