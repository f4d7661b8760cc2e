"""How requests are read: JSON, and forms with files, of which no more is kept than could be used; answers are JSON."""

from collections.abc import Iterable
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from faces.services.photos import LIMITS


class AnswersInJson(BaseContentNegotiation):
    """Whatever the header Accept asks for: a program that wants a picture gets errors as JSON all the same."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser for the body's media type."""
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the one renderer there is."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class SizeLimitHandler(FileUploadHandler):
    """Stands before Django's handlers: of a file that is too large it lets the limit through and counts the rest.

    The view finds an empty file that states its true size, which is refused by that.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Hand the chunk on, or drop it."""
        return raw_data if start + len(raw_data) <= LIMITS.max_bytes else None

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        """Return the stand-in of a file that is too large; None leaves the file to the next handler."""
        if file_size <= LIMITS.max_bytes:
            return None
        for handler in self.request.upload_handlers if self.request else ():
            if (kept := getattr(handler, "file", None)) is not None:
                kept.close()
        return UploadedFile(BytesIO(), self.file_name, self.content_type, file_size)


class LimitedJSONParser(JSONParser):
    """JSON of a size that is read at once."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the value.

        Raises:
            ParseError: no JSON, or nested so deeply that nobody can have meant it.
            RequestDataTooBig: more bytes than the platform's limit for anything that is no file.
        """
        length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        if not isinstance(value, dict):
            raise ParseError("Send a JSON object, with a name for each value.")
        return value
