"""Who may do what: a key by its scopes, a person who is signed in by the permissions that Django gives them."""

from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from faces.models import ApiKey


@dataclass(frozen=True)
class Needs:
    """What an action asks of a key (`scope`), and of a member of staff (`permission`, of an app)."""

    scope: ApiKey.Scope
    permission: str
    app: str = "faces"

    @property
    def full_permission(self) -> str:
        """As Django names it."""
        return f"{self.app}.{self.permission}"


SEARCH = Needs(ApiKey.Scope.SEARCH, "add_searchevent")
"""For whatever tells who somebody is, or who looks like whom."""


def crud(model: str, scope: ApiKey.Scope) -> dict[str, Needs]:
    """Return what the usual actions on a model need: READ to look, `scope` to change."""
    return {
        "list": Needs(ApiKey.Scope.READ, f"view_{model}"),
        "retrieve": Needs(ApiKey.Scope.READ, f"view_{model}"),
        "create": Needs(scope, f"add_{model}"),
        "partial_update": Needs(scope, f"change_{model}"),
        "destroy": Needs(scope, f"delete_{model}"),
    }


def require(request: Request, needs: Needs) -> None:
    """Let the request pass, or say what it lacks.

    Raises:
        PermissionDenied: the key lacks the scope, or the account the permission.
    """
    if isinstance(request.auth, ApiKey):
        if needs.scope not in request.auth.scopes:
            raise PermissionDenied(
                f"This API key lacks the scope “{needs.scope}”; it has {', '.join(request.auth.scopes)}."
            )
    elif not (request.user.is_staff and request.user.has_perm(needs.full_permission)):
        raise PermissionDenied(f"Your account lacks the permission “{needs.full_permission}”.")


class AccessPermission(BasePermission):
    """Holds every action to the `needs` of its view; an action without an entry there cannot be called at all."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return False for somebody who has not said who they are; raises for everybody else who may not."""
        if not request.user.is_authenticated:
            return False
        action: str | None = getattr(view, "action", None)
        if action is not None and action != "metadata":
            needs: dict[str, Any] = view.needs  # type: ignore[attr-defined]
            require(request, needs[action])
        return True
