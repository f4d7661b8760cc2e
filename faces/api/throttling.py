"""How often one key, or one person who is signed in, may ask. Generous: it stops runaway loops, not work."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from faces.models import ApiKey

RATES = {"api": "1200/min", "search": "600/min"}
"""Used where the setting DEFAULT_THROTTLE_RATES names no other; each process counts for itself."""


class AskerThrottle(SimpleRateThrottle):
    """Counts all requests of a key or an account."""

    scope = "api"

    def get_rate(self) -> str | None:
        """Return the rate that an operator chose, or ours."""
        scope = str(self.scope)
        return self.THROTTLE_RATES.get(scope, RATES[scope])

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return whose requests are counted; a request of nobody was refused before."""
        asker = f"key-{request.auth.pk}" if isinstance(request.auth, ApiKey) else f"user-{request.user.pk}"
        return self.cache_format % {"scope": self.scope, "ident": asker}


class SearchThrottle(AskerThrottle):
    """Counts recognitions and verifications, which cost a detection each."""

    scope = "search"
