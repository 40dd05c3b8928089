"""The demo people: made for the local AWS and other emulators, never where real AWS is behind the portal."""

from dataclasses import dataclass

from django.conf import settings

from provisioning.aws.endpoint import is_emulator

PASSWORD = "stackyard"  # noqa: S105  (said aloud on the sign-in page, on purpose)


@dataclass(frozen=True)
class DemoPerson:
    """Somebody to try Stackyard as."""

    username: str
    first_name: str
    last_name: str
    group: str

    @property
    def role(self) -> str:
        """What the sign-in page says about them."""
        return {"engineers": "engineer", "admins": "admin", "auditors": "auditor"}[self.group]

    @property
    def password(self) -> str:
        """The same for all of them."""
        return PASSWORD


PEOPLE = (
    DemoPerson("alice", "Alice", "Archer", "engineers"),
    DemoPerson("bob", "Bob", "Baker", "engineers"),
    DemoPerson("ada", "Ada", "Adler", "admins"),
    DemoPerson("grace", "Grace", "Gray", "admins"),
    DemoPerson("audrey", "Audrey", "Abbot", "auditors"),
)


def is_demo() -> bool:
    """Whether this Stackyard is a local one in front of an emulator."""
    return bool(settings.LOCAL and is_emulator(settings.AWS_ENDPOINT_URL))


def demo_people() -> tuple[DemoPerson, ...]:
    """The people to show on the sign-in page; nobody outside a demo."""
    return PEOPLE if is_demo() else ()
