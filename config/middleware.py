"""What every answer carries: an id to ask about, and a policy that keeps foreign scripts out."""

import logging
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.logs import request_id

logger = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]

# Alpine.js, which the admin theme is built on, evaluates expressions from attributes, hence unsafe-eval;
# inline scripts stay forbidden. Charts and the theme set inline styles. Previews of uploads are blobs.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class RequestIdMiddleware:
    """Gives each request an id (`request.request_id`, header X-Request-ID) and logs one line about it.

    The id is made here and never taken from the client, who could write into the logs with it.
    """

    def __init__(self, get_response: Handler) -> None:
        """Keep the next handler."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; the log names its route, never its address or parameters."""
        identifier = uuid.uuid4().hex
        request.request_id = identifier  # type: ignore[attr-defined]
        token = request_id.set(identifier)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = identifier
            match = request.resolver_match
            route = match.route if match else "(no route)"
            milliseconds = (time.perf_counter() - started) * 1000
            logger.info("%s /%s %d in %.0f ms", request.method, route, response.status_code, milliseconds)
            return response
        finally:
            request_id.reset(token)


class ContentSecurityPolicyMiddleware:
    """Sets the Content-Security-Policy on answers that have none of their own."""

    def __init__(self, get_response: Handler) -> None:
        """Keep the next handler."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with the policy in its headers."""
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response
