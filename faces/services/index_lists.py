"""How many lists an index has, and what it takes to find their centers."""

from math import isqrt, sqrt

LISTS_A_ROOT = 2.4
"""Times the square root of the templates. Of 400,000 templates, lists of 200 to 300 missed fewest people for the same
number of templates looked through (1,500 lists: 5 %, none; 1,000: 10 %, three of 1,906 probes); finer ones gained
nothing and take longer to find."""

MOST_LISTS = 32_768
"""pgvector allows no more."""

SAMPLES_A_LIST = 50
FEWEST_SAMPLES = 10_000
"""Templates that pgvector finds the centers from."""


def lists_for(rows: int, dimension: int, *, memory: int) -> int:
    """Return how many lists suit so many templates, within the bytes that finding their centers may take."""
    lists = max(1, min(round(LISTS_A_ROOT * sqrt(rows)), MOST_LISTS))
    while lists > 1 and memory_for(lists, dimension) > memory:
        # Memory grows with the square of the lists, if with many samples; a step at a time then.
        lists = min(lists - 1, max(1, isqrt(lists * lists * memory // memory_for(lists, dimension))))
    return lists


def memory_for(lists: int, dimension: int) -> int:
    """Return the bytes that pgvector needs to find the centers of so many lists.

    Its k-means (Elkan's) keeps a bound of 4 bytes for each sample and center and one for each two centers, the samples,
    and two generations of centers.
    """
    samples = max(SAMPLES_A_LIST * lists, FEWEST_SAMPLES)
    vector = 8 + 2 * dimension
    bounds = 4 * lists * (samples + lists + 3) + 8 * samples
    return bounds + vector * (samples + 3 * lists)
