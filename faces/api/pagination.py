"""Pages of lists: newest first, by cursor, so that what is added meanwhile shifts nothing."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from faces.exceptions import InvalidRequestError

CURSOR_UNKNOWN = (
    "This cursor was not made here. Use the addresses in `next` and `previous`, or none for the first page."
)


class FacetCursorPagination(CursorPagination):
    """Fifty rows a page unless `page_size` says otherwise; `next` and `previous` are whole addresses."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    page_size_query_description = f"How many rows, 1 to {max_page_size}; {page_size} if not given."
    cursor_query_description = "Where the page begins: use the addresses in `next` and `previous`."
    template = None

    def get_page_size(self, request: Request) -> int:
        """Return the size of this page.

        Raises:
            InvalidRequestError: not a whole number from 1 to the largest size.
        """
        asked = request.query_params.get("page_size", str(self.page_size))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 10 and 1 <= int(asked) <= self.max_page_size):
            raise InvalidRequestError(
                f"page_size is a whole number from 1 to {self.max_page_size}, not “{asked}”.", page_size=asked
            )
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return where the page begins, or None for the first one.

        Raises:
            InvalidRequestError: the cursor was not made here.
        """
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise InvalidRequestError(CURSOR_UNKNOWN) from error
        if cursor is not None and cursor.position is not None and not str(cursor.position).isdecimal():
            raise InvalidRequestError(CURSOR_UNKNOWN)
        return cursor
