"""manage.py export_embeddings FILE --gallery NAME."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from faces.management.base import FacetCommand, progress_bar, text_argument
from faces.services.embedding_files import count_embeddings, write_embeddings
from faces.services.encoders import find_encoder_version
from faces.services.galleries import get_gallery


class Command(FacetCommand):
    """Write a gallery's embeddings into a file."""

    help = (
        "Write a gallery's embeddings into a file of numpy's (.npz): vectors, and for each the SHA-256 of its photo "
        "and its box, so that import_embeddings finds the faces in another installation, too. Embeddings are "
        "biometric data: the file can be read by you alone; keep it so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("file", type=Path, metavar="FILE", help="A new file.")
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument(
            "--encoder-version",
            type=text_argument,
            metavar="NAME",
            help="Its name or number; the one that serves the gallery if not given.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, write, count."""
        gallery = get_gallery(options["gallery"])
        called = options["encoder_version"]
        version = gallery.encoder_version if called is None else find_encoder_version(called)
        total = count_embeddings(gallery, version)
        shows_progress = options["verbosity"] > 0
        with progress_bar(total=total, description="Reading", unit="embeddings", is_shown=shows_progress) as bar:
            count = write_embeddings(
                gallery=gallery, encoder_version=version, path=options["file"], progress=bar.update
            )
        self.stdout.write(f"{count:,} embeddings by “{version.name}” are in {options['file']}.")
