"""Addresses of parameters. A key has slashes, so it comes last."""

from django.urls import path

from portal.parameters import changing, making, restoring, views

_ALL = "environments/<slug:application>/<slug:name>/parameters/"

urlpatterns = [
    path(f"{_ALL}new/", making.new, name="parameter_new"),
    path(f"{_ALL}new/name/", making.check_name, name="parameter_name"),
    path(f"{_ALL}of/<path:key>/", views.parameter, name="parameter"),
    path(f"{_ALL}live/<path:key>/", views.live, name="parameter_live"),
    path(f"{_ALL}history/<path:key>/", views.history, name="parameter_history"),
    path(f"{_ALL}set/<path:key>/", changing.set_value, name="parameter_set"),
    path(f"{_ALL}delete/<path:key>/", changing.delete, name="parameter_delete"),
    path(f"{_ALL}restore/<int:version>/<path:key>/", restoring.restore, name="parameter_restore"),
    path(f"{_ALL}reveal/<int:version>/<path:key>/", restoring.reveal, name="parameter_reveal"),
]
