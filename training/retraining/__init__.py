"""Doing a training run: from a gallery's photos to a candidate.

The one part of this app, beside `training.learning`, that loads torch; pages and API know it by the name of its work
in the settings.
"""

import os

# Threads that wait for work shall sleep (see `faces.encoding`). OpenMP reads this when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
