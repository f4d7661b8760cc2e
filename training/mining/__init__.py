"""Which faces teach the network something: neighbors, triplets, batches, and pairs that are probably mislabeled.

Numbers only: no database, no torch.
"""
