"""Long lists, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

M = TypeVar("M", bound=Model)
T = TypeVar("T")


@dataclass(frozen=True)
class Listing(Generic[T]):
    """One page of a list, and what its paging bar needs.

    Attributes:
        page: the rows.
        numbers: page numbers to offer, with "…" where some are left out.
        query: the rest of the address's query, for links to other pages; empty or ending in `&`.
    """

    page: Page[T]
    numbers: tuple[int | str, ...]
    query: str

    @property
    def rows(self) -> list[T]:
        """The rows of this page."""
        return list(self.page.object_list)

    @property
    def total(self) -> int:
        """How many rows all pages have."""
        return self.page.paginator.count


def listing(request: HttpRequest, rows: QuerySet[M], *, per_page: int) -> Listing[M]:
    """Cut out the page that `?page=` asks for; one that does not exist becomes the nearest that does."""
    return _cut_out(request, Paginator(rows, per_page))


def listing_of_found(request: HttpRequest, rows: Sequence[T], *, per_page: int) -> Listing[T]:
    """Do as `listing` does with rows that are here already."""
    return _cut_out(request, Paginator(rows, per_page))


def _cut_out(request: HttpRequest, paginator: Paginator[T]) -> Listing[T]:
    page = paginator.get_page(request.GET.get("page"))
    rest = request.GET.copy()
    rest.pop("page", None)
    encoded = rest.urlencode()
    numbers = tuple(paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))
    return Listing(page=page, numbers=numbers, query=f"{encoded}&" if encoded else "")
