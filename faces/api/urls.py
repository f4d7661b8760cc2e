"""The addresses under /api/v1/. None ends in a slash."""

from django.urls import URLPattern, URLResolver, path, re_path
from rest_framework.routers import SimpleRouter

from faces.api.views.encoders import EncoderVersionViewSet
from faces.api.views.faces import FaceViewSet
from faces.api.views.galleries import GalleryViewSet
from faces.api.views.jobs import JobViewSet
from faces.api.views.people import PersonViewSet
from faces.api.views.photos import PhotoViewSet
from faces.api.views.probable_people import ProbablePersonViewSet
from faces.api.views.search_status import SearchStatusView
from faces.api.views.searches import RecognizeView, SearchEventViewSet, VerifyView
from faces.api.views.unknown import UnknownAddressView

router = SimpleRouter(trailing_slash=False)
router.register("galleries", GalleryViewSet, basename="gallery")
router.register("people", PersonViewSet, basename="person")
router.register("photos", PhotoViewSet, basename="photo")
router.register("faces", FaceViewSet, basename="face")
router.register("probable-people", ProbablePersonViewSet, basename="probable-person")
router.register("jobs", JobViewSet, basename="job")
router.register("searches", SearchEventViewSet, basename="search")
router.register("encoder-versions", EncoderVersionViewSet, basename="encoder-version")

urlpatterns: list[URLPattern | URLResolver] = [
    path("recognize", RecognizeView.as_view({"post": "create"}), name="recognize"),
    path("verify", VerifyView.as_view({"post": "create"}), name="verify"),
    re_path(
        r"^galleries/(?P<slug>[^/]+)/search-status$",
        SearchStatusView.as_view({"get": "retrieve", "patch": "partial_update"}, detail=True),
        name="gallery-search-status",
    ),
    re_path(
        r"^galleries/(?P<slug>[^/]+)/search-index$",
        SearchStatusView.as_view({"post": "rebuild"}, detail=True),
        name="gallery-search-index",
    ),
    *router.urls,
    re_path("", UnknownAddressView.as_view(), name="unknown-address"),
]
