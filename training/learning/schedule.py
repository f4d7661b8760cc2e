"""The learning rate from step to step."""

import math

from training.configuration import Schedule, TrainingConfiguration

LEAST_SHARE = 0.05
"""Of the highest learning rate, where a cosine ends."""


def learning_rate(configuration: TrainingConfiguration, *, step: int, total_steps: int) -> float:
    """Return the rate of a step, 0 for the first: it rises evenly in the warm-up, then follows the schedule."""
    highest, warm_up = configuration.learning_rate, configuration.warm_up_steps
    if step < warm_up:
        return highest * (step + 1) / warm_up
    match configuration.schedule:
        case Schedule.CONSTANT:
            return highest
        case Schedule.COSINE:
            done = min((step - warm_up) / max(total_steps - warm_up, 1), 1.0)
            return highest * (LEAST_SHARE + (1 - LEAST_SHARE) * (1 + math.cos(math.pi * done)) / 2)
