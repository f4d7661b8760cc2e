"""What the templates of training ask for."""
