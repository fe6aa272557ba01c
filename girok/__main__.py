"""`python -m girok`."""

from girok.cli import main

main()
