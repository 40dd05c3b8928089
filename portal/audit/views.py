"""The audit, for admins and auditors (`portal.pages` keeps everybody else out)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.audit.forms import AuditFilter
from portal.audit.reading import read_audit


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what, when, why, from where. A filter that cannot be read says so and is left out."""
    form = AuditFilter(request.GET)
    form.is_valid()
    wanted = {name: value for name, value in form.cleaned_data.items() if value}
    page, lines = read_audit(wanted, request.GET.get("page", "1"))
    return render(
        request, "audit/audit.html", {"form": form, "page": page, "lines": lines, "filtered": bool(request.GET)}
    )
