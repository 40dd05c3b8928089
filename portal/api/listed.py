"""Values of parameters that the account would have to have: those it has not are refused, as the form refuses them."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from portal.api.problems import ProblemError
from portal.catalogue.reading import access_blueprint
from portal.requesting.layout import OF_VPC, Layout, Setting, layout_of
from portal.requesting.listed import LISTED_WHOLE, not_listed
from provisioning.actions.choices import live_choices
from provisioning.blueprints.model import STACK_KINDS
from provisioning.models import Account, Environment

Values = Mapping[str, Mapping[str, str]]


def refuse_values(wrong: Mapping[str, str]) -> None:
    """Refuse the request with these sentences by field, where there are any. Raises ProblemError."""
    if wrong:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-values", " ".join(wrong.values()), fields=wrong)


def require_listed(application: str, parameters: Values, environment: Environment | None = None) -> None:
    """Refuse networks, subnets, security groups and key pairs that are not in the account; one that does not answer
    refuses nothing. `environment` is the one that is changed. Raises ProblemError."""
    account = environment.account if environment else Account.objects.order_by("pk").first()
    if account is None or not any(parameters.values()):
        return
    layout = layout_of(access_blueprint(application), STACK_KINDS)
    refuse_values(dict(_wrong(account, layout, {**_now(environment), **_by_key(parameters)}, _by_key(parameters))))


def _by_key(parameters: Values) -> dict[str, str]:
    return {f"{kind}.{name}": value for kind, values in parameters.items() for name, value in values.items()}


def _now(environment: Environment | None) -> dict[str, str]:
    """What the environment's stacks were given last."""
    stacks = environment.stacks.all() if environment else ()
    return {f"{stack.kind}.{name}": str(value) for stack in stacks for name, value in stack.parameters.items()}


def _wrong(
    account: Account, layout: Layout, values: Mapping[str, str], given: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for setting in layout.settings:
        value = given.get(setting.key, "")
        if value and setting.choices_from in LISTED_WHOLE:
            sentence = _sentence(account, layout, setting, values)
            if sentence:
                yield setting.key, f"{setting.parameter.name}: {sentence}"


def _sentence(account: Account, layout: Layout, setting: Setting, values: Mapping[str, str]) -> str:
    vpc = layout.vpc_of(setting.stack) if setting.choices_from in OF_VPC else None
    network = values.get(vpc.key, "") if vpc else ""
    if vpc and not network:
        return ""
    return not_listed(setting, live_choices(account, setting.choices_from, network), values[setting.key])
