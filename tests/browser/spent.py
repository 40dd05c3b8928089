"""What environments have cost, written as rows as a reading of Cost Explorer leaves them; budgets, and one that idles.

`write` runs inside Stackyard's own programs (`manage.py shell`), `paths` beside the browser.
"""

from datetime import timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone
from pages import rows
from pages.cost_rows import budget, cost

from bench.scene import APPLICATION, PARKED, READY
from portal.accounts.models import User
from provisioning.engine.costing.following import costs_changed
from provisioning.lifecycle import BudgetScope, ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Environment

IDLE, GONE = "dev-idle", "dev-long-gone"
DAYS = 45
A_DAY = timedelta(days=1)
DAILY = {
    READY: {"Amazon Elastic Load Balancing": "0.78", "Amazon EC2": "0.25", "Amazon DynamoDB": "0.04"},
    PARKED: {"Amazon DynamoDB": "0.03"},
    IDLE: {"Amazon Elastic Load Balancing": "0.78", "Amazon EC2": "0.25"},
    GONE: {"Amazon DynamoDB": "0.11"},
}


def paths() -> list[str]:
    """Every page about costs that has something to show."""
    shown = [reverse("environment_costs", args=[APPLICATION, name]) for name in (READY, IDLE, GONE)]
    return [*shown, f"{shown[0]}?days=365", reverse("budgets"), reverse("savings"), f"{reverse('costs')}?range=90"]


def write() -> None:
    """Amounts of every day, some of which nobody has tagged, a credit, and two budgets."""
    alice = User.objects.get(username="alice")
    _idle(alice)
    rows.without(rows.environment(alice, GONE, status=EnvironmentStatus.REMOVED), *StackKind)
    today = timezone.now().date()
    for name, services in DAILY.items():
        environment = Environment.objects.get(application=APPLICATION, name=name)
        for number in range(DAYS):
            for service, amount in services.items():
                busy = 1 + Decimal(number % 7) / 20
                cost(str(Decimal(amount) * busy), today - number * A_DAY, environment, service=service)
    for number in range(DAYS):
        cost("0.40", today - number * A_DAY, service="AWS Support (Business)")
    cost("-5.00", today - 9 * A_DAY, record_type="Credit")
    budget(alice, BudgetScope.ENVIRONMENT, f"{APPLICATION}/{READY}", "20")
    budget(alice, BudgetScope.APPLICATION, APPLICATION, "500")
    costs_changed()


def _idle(alice: User) -> None:
    """Alice's environment that nobody has used for nine days; its plan said what its compute costs."""
    made = rows.environment(alice, IDLE)
    stack = {"before": None, "after": {"monthly": "23.73", "published": "2026-05-01", "assumptions": []}}
    plan = {"cost": {"before": "0", "after": "23.73", "delta": "23.73", "stacks": {"compute": stack}}}
    ago = 9 * 86_400
    rows.change(
        made,
        alice,
        ChangeStatus.SUCCEEDED,
        ChangeKind.CREATE,
        ago=ago,
        plan=plan,
        finished_at=timezone.now() - timedelta(seconds=ago),
    )
    Environment.objects.filter(pk=made.pk).update(created_at=timezone.now() - 30 * A_DAY)
