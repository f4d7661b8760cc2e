"""manage.py import_photos FOLDER --gallery NAME."""

import json
import sys
import time
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from faces.exceptions import GalleryNotFoundError
from faces.management.base import ERROR, INTERRUPTED, FacetCommand, breaking_off, progress_bar, text_argument
from faces.management.import_summary import ImportSummary
from faces.management.waiting import WaitingEnd, wait_for_workers
from faces.models import Gallery, Job
from faces.services.folders import ScannedFolder, readable, scan_folder
from faces.services.galleries import create_gallery, get_gallery
from faces.services.importing import Imported, begin_import, break_off_import, end_import, in_portions, take_in
from faces.services.jobs import follow_photos
from faces.tasks import send_photos

NOTHING_USABLE = 1
NOT_ENCODED_YET = 3

REPORT_SECONDS = 1.0
"""How often the job is told how far the reading is, and asked whether to go on."""


class Command(FacetCommand):
    """Import a folder of photos into a gallery: one folder a person, loose photos for nobody yet."""

    help = (
        "Import a folder of photos into a gallery. Every folder in FOLDER is one person, named as the folder is; "
        "photos in deeper folders are that person's, too. Photos that lie loose in FOLDER are taken in without a "
        "person. Each photo is handled once, however often the import is run; one that was interrupted goes on where "
        "it stopped. Exit status: 0 all files were handled (refused ones are listed with the reason); 1 not one file "
        "was a usable photo; 2 an error; 3 photos were taken in but not all are encoded yet."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="A folder of photos, one folder a person.")
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument("--create", action="store_true", help="Make the gallery if it is not there.")
        parser.add_argument(
            "--wait", action=BooleanOptionalAction, default=True, help="Wait until the workers have encoded the photos."
        )
        parser.add_argument("--json", action="store_true", help="End with one line that holds the summary as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, take in, wait, sum up."""
        folder: Path = options["folder"]
        scanned = scan_folder(folder)
        if not scanned.files and not scanned.refused:
            raise CommandError(f"There are no files in {folder}.", returncode=ERROR)
        gallery = _gallery(options["gallery"], may_create=options["create"])
        shows_progress = options["verbosity"] > 0
        started = time.monotonic()
        title = f"Import of {readable(Path(folder.resolve().name))}"
        job = begin_import(gallery=gallery, title=title)
        imported, is_complete = _take_in_all(job, scanned, shows_progress=shows_progress)
        summary = ImportSummary(gallery, job, imported, scanned.passed_over, reading_s=time.monotonic() - started)
        end = WaitingEnd.DONE if is_complete else WaitingEnd.CANCELLED
        if is_complete and options["wait"]:
            started = time.monotonic()
            end = self._wait(job, shows_progress=shows_progress)
            summary.encoding_s = time.monotonic() - started
        self.stdout.write(summary.text())
        self._say_what_is_left(end, summary)
        if options["json"]:
            self.stdout.write(json.dumps(summary.as_json(), ensure_ascii=False))
        _exit(end, summary, waited=options["wait"])

    def _wait(self, job: Job, *, shows_progress: bool) -> WaitingEnd:
        with progress_bar(total=0, description="Encoding", unit="photos", is_shown=shows_progress) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                return wait_for_workers(job, show)
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write("Stopped waiting. The workers go on by themselves.")
                sys.exit(INTERRUPTED)

    def _say_what_is_left(self, end: WaitingEnd, summary: ImportSummary) -> None:
        if end is WaitingEnd.NO_WORKER:
            self.stderr.write(
                f"No worker answers, so {summary.unfinished:,} photos are not encoded yet. They are safe: workers take "
                "them as soon as they run. Start them with `make run`, or `celery -A config worker -Q encode`."
            )
        elif end is WaitingEnd.CANCELLED:
            self.stderr.write("The import was cancelled. Run it again to go on.")


def _gallery(name: str, *, may_create: bool) -> Gallery:
    try:
        return get_gallery(name)
    except GalleryNotFoundError as error:
        if may_create:
            return create_gallery(name=name)
        raise CommandError(f"{error} Add --create to make it.", returncode=ERROR) from error


def _take_in_all(job: Job, scanned: ScannedFolder, *, shows_progress: bool) -> tuple[Imported, bool]:
    """Take every file in; returns what became of them, and False where the job was cancelled on the way."""
    imported = Imported(refused=list(scanned.refused))
    total, read = len(scanned.files), 0
    goes_on, told_at = True, time.monotonic()
    with (
        breaking_off(lambda: break_off_import(job=job)),
        progress_bar(total=total, description="Reading", unit="files", is_shown=shows_progress) as bar,
    ):
        for portion in in_portions(scanned.files):
            taken, waiting = take_in(job=job, files=portion)
            send_photos(waiting)
            imported.add(taken)
            read += len(portion)
            bar.update(len(portion))
            if time.monotonic() - told_at > REPORT_SECONDS:
                follow_photos(job=job)
                goes_on, told_at = (
                    job.report(job.done, job.total, f"Read {read:,} of {total:,} files"),
                    time.monotonic(),
                )
            if not goes_on:
                break
    end_import(job=job, imported=imported)
    return imported, goes_on


def _exit(end: WaitingEnd, summary: ImportSummary, *, waited: bool) -> None:
    if end is not WaitingEnd.DONE or (waited and summary.unfinished):
        sys.exit(NOT_ENCODED_YET)
    if not summary.usable:
        sys.exit(NOTHING_USABLE)
