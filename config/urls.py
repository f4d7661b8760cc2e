"""Every address of the platform. All but the sign-in page and /healthz ask who is there."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from faces.api.views.metrics import MetricsView


def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers. Open to everybody, as load balancers sign in nowhere; it tells nothing else."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("healthz", healthz, name="healthz"),
    path("metrics", MetricsView.as_view({"get": "retrieve"}), name="metrics"),
    path("admin/", include("training.views.urls")),
    path("admin/", include("faces.views.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("training.api.urls")),
    # Last, as it answers whatever else is asked for below.
    path("api/v1/", include("faces.api.urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="api-schema"),
    # The split view loads its script from an address, as the security policy allows no script inside a page.
    path("api/docs", login_required(SpectacularSwaggerSplitView.as_view(url_name="api-schema")), name="api-docs"),
]

handler400 = "faces.views.errors.bad_request"
handler403 = "faces.views.errors.forbidden"
handler404 = "faces.views.errors.not_found"
handler500 = "faces.views.errors.server_error"
