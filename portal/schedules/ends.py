"""Taking a suspended schedule up again, and cancelling one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import actor_of
from portal.parameters.place import Place, place_of
from portal.schedules.forms import ResumeForm
from portal.schedules.reading import access_schedule, look_of
from portal.schedules.views import somebody_decides, stored_look
from provisioning.actions.refusals import Refusal
from provisioning.actions.rescheduling import do_cancel_schedule, do_resume_schedule
from provisioning.lifecycle import ScheduleStatus
from provisioning.models import ParameterSchedule


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def resume(request: HttpRequest, application: str, name: str, schedule: int) -> HttpResponse:
    """Why it is suspended, what is stored now, and the form that takes it up on that."""
    row = access_schedule(request, application, name, schedule)
    place = place_of(request, application, name, row.parameter.key)
    there = place.there
    if there is None or row.status != ScheduleStatus.SUSPENDED:
        return redirect(place.address("parameter"))
    form = ResumeForm(request.POST if request.method == "POST" else None, initial={"expected": there.version})
    if request.method != "POST":
        return _page(request, place, row, form)
    if not form.is_valid():
        return _page(request, place, row, form, status=400)
    try:
        made = do_resume_schedule(place.actor, row, expected=form.cleaned_data["expected"], at=form.when)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        sent = request.POST.copy()
        sent["expected"] = str(there.version)  # whoever sends it again has seen this one
        again = ResumeForm(sent)
        again.add_error("at" if refusal.fields.keys() & {"at", "start_at"} else None, refusal.sentence)
        return _page(request, place, row, again, status=409)
    messages.success(request, "Taken up again, in your name.")
    if made.change is not None:
        return redirect("change", made.change.pk)
    return redirect(f"{place.address('parameter')}#schedules")


@require_POST
@never_cache
def cancel(request: HttpRequest, application: str, name: str, schedule: int) -> HttpResponse:
    """Cancel it, and go back to where it was listed."""
    row = access_schedule(request, application, name, schedule)
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = place_of(request, application, name, row.parameter.key).address("parameter")
    try:
        do_cancel_schedule(actor_of(request), row)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, f"Cancelled: {row.parameter.key} keeps what it has.")
    return redirect(back)


def _page(
    request: HttpRequest, place: Place, row: ParameterSchedule, form: ResumeForm, *, status: int = 200
) -> HttpResponse:
    context = place.context(
        schedule=row,
        look=look_of(row),
        now=stored_look(place),
        form=form,
        decides=somebody_decides(place),
        button="Ask for it again" if somebody_decides(place) else "Take it up again",
    )
    return render(request, "schedules/resume.html", context, status=status)
