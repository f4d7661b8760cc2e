"""Addresses that there are not."""

from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from faces.api.parsers import AnswersInJson
from faces.exceptions import NotFoundError


@extend_schema(exclude=True)
class UnknownAddressView(APIView):
    """Answers every address under /api/v1/ that nothing else does, in the shape that all errors have."""

    metadata_class = None
    content_negotiation_class = AnswersInJson

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask who is there first, as everywhere."""
        super().initial(request, *args, **kwargs)
        self._refuse(request)

    def _refuse(self, request: Request) -> NoReturn:
        hint = " Addresses do not end in a slash." if request.path.endswith("/") else ""
        raise NotFoundError(f"There is no such address.{hint} All there are: /api/docs.")
