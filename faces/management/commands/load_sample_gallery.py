"""manage.py load_sample_gallery."""

from argparse import ArgumentParser
from itertools import groupby
from typing import Any

from faces.management.base import FacetCommand, breaking_off, count_argument, progress_bar
from faces.services.drawing import draw_files
from faces.services.importing import break_off_import
from faces.services.jobs import follow_photos
from faces.services.sample import (
    GALLERY,
    PEOPLE,
    Sample,
    add_sample_photo,
    begin_sample,
    end_sample,
    only_one,
    sample_is_due,
)
from faces.tasks import send_photos


class Command(FacetCommand):
    """Fill a gallery with drawn people where there is nobody yet."""

    help = (
        f"Make the gallery “{GALLERY}” with {PEOPLE} drawn people, if there is nobody in the whole database yet, or go "
        "on where this was interrupted. Otherwise do nothing. The workers encode the photos while others are drawn."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("--processes", type=count_argument, metavar="N", help="As many as cores, if not given.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw, take in, send."""
        if not sample_is_due():
            self._say("There are people already; nothing to draw.", options)
            return
        with only_one() as is_ours:
            if not is_ours:
                self._say("Another process is drawing the sample people just now.", options)
                return
            sample = begin_sample()
            _draw(sample, processes=options["processes"], shows_progress=options["verbosity"] > 0)
            self._say(f"Gallery “{GALLERY}”: {len(sample.missing)} photos of {PEOPLE} people drawn.", options)

    def _say(self, text: str, options: dict[str, Any]) -> None:
        if options["verbosity"] > 0:
            self.stdout.write(text)


def _draw(sample: Sample, *, processes: int | None, shows_progress: bool) -> None:
    total = len(sample.missing)
    done = 0
    drawn = draw_files(sample.missing, processes=processes)
    with (
        breaking_off(lambda: break_off_import(job=sample.job)),
        progress_bar(total=total, description="Drawing", unit="photos", is_shown=shows_progress) as bar,
    ):
        for _, photos_of_one in groupby(drawn, key=lambda each: each[0].seed):
            ids = []
            for photo, data in photos_of_one:
                ids.append(add_sample_photo(sample=sample, drawn=photo, data=data).pk)
                bar.update()
            send_photos(ids)
            done += len(ids)
            follow_photos(job=sample.job)
            sample.job.report(sample.job.done, sample.job.total, f"Drew {done} of {total} photos")
    end_sample(sample=sample)
