"""Error rates of face recognition, in pure numpy: distances in, rates out.

Everywhere a distance is the squared L2 of unit embeddings, 0 (same) to 4, and a match is `distance <= tau`: what
lies exactly at tau is a match.
"""
