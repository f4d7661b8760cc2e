"""Every address of the platform. All but the sign-in page and /healthz ask who is there."""

from importlib.util import find_spec

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView


def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers. Open to everybody, as load balancers sign in nowhere; it tells nothing else."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("healthz", healthz, name="healthz"),
]

if find_spec("faces.api.urls") is not None:
    from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView

    urlpatterns += [
        path("api/v1/", include("faces.api.urls")),
        path("api/schema", SpectacularAPIView.as_view(), name="api-schema"),
        path(
            "api/docs",
            login_required(SpectacularSwaggerSplitView.as_view(url_name="api-schema")),
            name="api-docs",
        ),
        path(
            "api/redoc",
            login_required(SpectacularRedocView.as_view(url_name="api-schema")),
            name="api-redoc",
        ),
    ]

urlpatterns += [
    path("admin/", include("faces.views.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "faces.views.errors.bad_request"
handler403 = "faces.views.errors.forbidden"
handler404 = "faces.views.errors.not_found"
handler500 = "faces.views.errors.server_error"
