"""What the REST API under /api/v1/ says about error rates."""
