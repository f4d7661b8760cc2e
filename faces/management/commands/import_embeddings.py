"""manage.py import_embeddings FILE --encoder-version NAME."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandError

from faces.management.base import ERROR, FacetCommand, progress_bar, text_argument
from faces.services.bulk_loading import copy_embeddings
from faces.services.embedding_files import check_made_by, faces_of, read_embeddings
from faces.services.encoders import find_encoder_version
from faces.services.galleries import get_gallery


class Command(FacetCommand):
    """Give stored faces the embeddings of a file."""

    help = (
        "Give faces that are stored here the embeddings of a file: one that export_embeddings wrote, or one of numpy's "
        "(.npz) with “vectors” (M, D) and “faces” (M ids). All of them or none; searches go on meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("file", type=Path, metavar="FILE", help="What export_embeddings wrote, or your own.")
        parser.add_argument(
            "--encoder-version",
            required=True,
            type=text_argument,
            metavar="NAME",
            help="Who made the vectors: name or number.",
        )
        parser.add_argument(
            "--gallery", type=text_argument, metavar="NAME", help="Who has the photos, where the file names photos."
        )
        parser.add_argument("--replace", action="store_true", help="Put them in the place of those that are there.")
        parser.add_argument(
            "--skip-missing", action="store_true", help="Leave out faces of photos that are not stored here."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, find the faces, load, sum up."""
        version = find_encoder_version(options["encoder_version"])
        gallery = None if options["gallery"] is None else get_gallery(options["gallery"])
        file = read_embeddings(options["file"])
        check_made_by(file, version)
        faces, vectors = faces_of(file, gallery), file.vectors
        missing = int((faces == 0).sum())
        if missing and not options["skip_missing"]:
            raise CommandError(
                f"{missing:,} of the {len(faces):,} faces in the file are not stored here: import their photos first, "
                "or add --skip-missing to leave them out.",
                returncode=ERROR,
            )
        is_here = faces != 0
        shows_progress = options["verbosity"] > 0
        with progress_bar(
            total=int(np.count_nonzero(is_here)), description="Loading", unit="embeddings", is_shown=shows_progress
        ) as bar:
            copied = copy_embeddings(
                encoder_version=version,
                faces=faces[is_here],
                vectors=vectors[is_here],
                replace=options["replace"],
                progress=bar.update,
            )
        self.stdout.write(
            f"{copied.rows:,} faces have embeddings by “{version.name}” now; {copied.replaced:,} had one before."
            + (f" {missing:,} faces are not stored here and were left out." if missing else "")
        )
