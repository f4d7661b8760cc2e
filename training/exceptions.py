"""Facts that keep an evaluation or a training from doing what was asked; see `faces.exceptions`."""

from faces.exceptions import ConflictError, InvalidRequestError


class PairsFileError(InvalidRequestError):
    """A line of a pairs file cannot be understood."""

    code = "invalid_pairs_file"


class TooFewComparisonsError(ConflictError):
    """There are too few photos of the same or of different people to say anything."""

    code = "too_few_comparisons"
