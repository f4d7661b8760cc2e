"""API keys: who may call the REST API, and with what rights."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from faces.exceptions import FacetError
from faces.models import ApiKey, Gallery
from faces.services.api_keys import create_api_key, revoke_api_key
from faces.views.forms.api_keys import ApiKeyForm
from faces.views.page import page, render_page, signed_in
from faces.views.paging import listing

PER_PAGE = 50


@page("faces.view_apikey")
def key_list(request: HttpRequest) -> HttpResponse:
    """Show all keys, the revoked ones included."""
    keys = ApiKey.objects.select_related("created_by").prefetch_related("galleries")
    return render_page(
        request,
        "faces/api_keys/list.html",
        title="API keys",
        listing=listing(request, keys, per_page=PER_PAGE),
        now=timezone.now(),
        scopes=dict(ApiKey.Scope.choices),
    )


@page("faces.add_apikey", methods=("GET", "POST"))
def add_key(request: HttpRequest) -> HttpResponse:
    """Make a key, and show it this once."""
    form = ApiKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            api_key, plain = create_api_key(
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                galleries=form.cleaned_data["galleries"],
                user=signed_in(request),
                expires_at=form.expires_at,
            )
        except FacetError as error:
            form.refuse(error)
        else:
            response = render_page(
                request,
                "faces/api_keys/made.html",
                title="API keys",
                heading=f"The key for {api_key.name}",
                api_key=api_key,
                plain=plain,
            )
            response["Cache-Control"] = "no-store"
            return response
    return render_page(
        request,
        "faces/api_keys/add.html",
        title="API keys",
        heading="Add a key",
        form=form,
        has_gallery=Gallery.objects.exists(),
    )


@page("faces.change_apikey", methods=("GET", "POST"))
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Ask, and stop a key for good."""
    api_key = get_object_or_404(ApiKey, pk=key_id)
    if request.method == "POST":
        revoke_api_key(api_key=api_key)
        messages.success(request, f"The key “{api_key.name}” is revoked. It opens nothing any more.")
        return redirect("pages:api-keys")
    return render_page(
        request,
        "faces/api_keys/revoke.html",
        title="API keys",
        heading=f"Revoke the key for {api_key.name}?",
        api_key=api_key,
    )
