"""What the formats of a configuration have in common."""

from collections.abc import Iterable

from provisioning.actions.delivering import Configuration, Setting

PROFILE = "AWS_PROFILE"  # names credentials of a developer's machine, which are nowhere else


def commented(setting: Setting, mark: str) -> str:
    """Why a variable has no value, as a comment of one line."""
    return f"{mark} {setting.variable}: {' '.join(setting.missing.split())}"


def elsewhere(configuration: Configuration) -> Iterable[Setting]:
    """The variables for what runs elsewhere than on a developer's machine, with rights that a profile would hide."""
    return (setting for setting in configuration.settings if setting.variable != PROFILE)
