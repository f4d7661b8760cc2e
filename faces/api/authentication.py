"""Who asks: a program with an API key in the header `Authorization: Bearer facet_…`."""

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from faces.models import ApiKey
from faces.services.api_keys import find_api_key, note_use

KEYWORD = "Bearer"


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the key, and `request.user` to the account that answers for it."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return account and key; None where the request carries no bearer token, so that a session may answer.

        Raises:
            AuthenticationFailed: the token is no usable key; which of the possible reasons it is stays untold.
        """
        keyword, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        api_key = find_api_key(token.strip())
        if api_key is None:
            raise AuthenticationFailed(
                "This API key is unknown, expired or revoked. Keys begin with “facet_” and are sent whole, "
                "as “Authorization: Bearer facet_…”."
            )
        note_use(api_key=api_key)
        return api_key.created_by, api_key

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 asks for."""
        return f'{KEYWORD} realm="Facet"'
