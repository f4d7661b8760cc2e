"""What the pages about error rates ask for."""
