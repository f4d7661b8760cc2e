"""Doing a training run: from a gallery's photos to a candidate.

The one part of this app, beside `training.learning`, that loads torch; pages and API know it by the name of its work
in the settings.
"""
