"""girok with one plugin more, whose requests and handlers take as long as a test wants."""
