"""How a network learns from triplets: tensors only, no database."""
