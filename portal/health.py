"""Whether this process answers, and whether the whole can work."""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from provisioning.models import Heartbeat

SILENT_AFTER = timedelta(seconds=60)


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when this process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and a worker finished its sweep lately; 503 with the reason otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        beat = Heartbeat.objects.filter(name="sweep").first()
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    if beat is None or beat.at < timezone.now() - SILENT_AFTER:
        return JsonResponse({"status": "no worker has finished a sweep in the last minute"}, status=503)
    return JsonResponse({"status": "ok"})
