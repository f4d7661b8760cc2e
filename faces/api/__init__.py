"""The REST API under /api/v1/: requests in, services called, JSON out. Nothing is decided here but who may ask."""
