"""`manage.py seed_demo`: the account's row and the groups; on an emulator also demo people and a network."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.demo import PASSWORD, PEOPLE
from portal.accounts.models import User
from provisioning.actions.seeding import ensure_account, ensure_demo_network
from provisioning.aws.endpoint import is_emulator
from provisioning.aws.errors import AwsError

GROUPS = ("engineers", "admins", "auditors")


class Command(BaseCommand):
    """Makes what is missing and leaves the rest alone."""

    help = "Make groups and the account; on an emulator also demo people, a VPC, two subnets and a key pair."

    def handle(self, *args: object, **options: object) -> None:
        """Seed."""
        groups = {name: Group.objects.get_or_create(name=name)[0] for name in GROUPS}
        account = ensure_account(settings.AWS_REGION)
        if not is_emulator(settings.AWS_ENDPOINT_URL):
            self.stdout.write("Groups and account are there. Demo people are made on an emulator only.")
            return
        for person in PEOPLE:
            user, made = User.objects.get_or_create(
                username=person.username,
                defaults={
                    "first_name": person.first_name,
                    "last_name": person.last_name,
                    "email": f"{person.username}@example.org",
                },
            )
            if made:
                user.set_password(PASSWORD)
                user.save(update_fields=["password"])
            user.groups.add(groups[person.group])
        try:
            ensure_demo_network(account)
        except AwsError as trouble:
            raise CommandError(trouble.sentence) from trouble
        self.stdout.write(f"{len(PEOPLE)} demo people, a VPC with two subnets and a key pair are there.")
