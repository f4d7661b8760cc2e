"""Facts that keep an evaluation or a training from doing what was asked; see `faces.exceptions`."""

from faces.exceptions import ConflictError, InvalidRequestError


class PairsFileError(InvalidRequestError):
    """A line of a pairs file cannot be understood."""

    code = "invalid_pairs_file"


class TooFewComparisonsError(ConflictError):
    """There are too few photos of the same or of different people to say anything."""

    code = "too_few_comparisons"


class NotMeasuredError(ConflictError):
    """A tau was to be chosen by its error rate where none was measured."""

    code = "not_measured"


class TooFewPeopleError(ConflictError):
    """So small an error rate cannot be shown with the people there are."""

    code = "too_few_people"


class WrongRateError(InvalidRequestError):
    """An error rate that no tau of this use can be chosen by."""

    code = "invalid_rate"


class InvalidConfigurationError(InvalidRequestError):
    """A training run that cannot be: `params["fields"]` says for each setting what is wrong and what would be right."""

    code = "invalid_configuration"


class TooLittleToLearnError(ConflictError):
    """A gallery with too few people or photos to learn from, or to judge by."""

    code = "too_little_to_learn"


class TrainingFailedError(ConflictError):
    """A training run cannot go on: its device is not there, its loss is not finite, its checkpoint is another's."""

    code = "training_failed"
