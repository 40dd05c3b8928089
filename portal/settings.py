"""Every setting of Stackyard, read from environment variables; a wrong value stops the start with a sentence.

Without SECRET_KEY Stackyard runs in *local* mode: plain HTTP on this machine, a key made once and kept in
STACKYARD_HOME. With SECRET_KEY it runs as a deployment: secure cookies, HTTPS, ALLOWED_HOSTS required.
"""

import os
import re
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from provisioning.aws.endpoint import is_emulator
from provisioning.blueprints.hooks import read_hooks
from provisioning.blueprints.policies import PolicyFileError, PolicyFloor, read_policies

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

_YES, _NO = frozenset({"true", "on", "yes", "y", "1"}), frozenset({"false", "off", "no", "n", "0"})
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_DATABASES = frozenset({"django.db.backends.sqlite3", "django.db.backends.postgresql"})
_BROKERS = frozenset({"filesystem", "memory", "redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps"})


def _text(name: str, default: str = "") -> str:
    """A setting that is there but empty counts as not set."""
    return str(env.str(name, default="")) or default


def _number(name: str, default: int, low: int, high: int) -> int:
    text = _text(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ImproperlyConfigured(f"{name} must be a number from {low} to {high}, not “{text}”.")
    return int(text)


def _rate(name: str, default: float) -> float:
    """So many a second; 0 for no limit."""
    text = _text(name, str(default))
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text, re.ASCII):
        raise ImproperlyConfigured(f"{name} must be a number a second such as 2 or 0.5, 0 for no limit, not “{text}”.")
    return float(text)


def _amount(name: str, default: str) -> Decimal:
    """An amount of US dollars."""
    text = _text(name, default)
    if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", text, re.ASCII):
        raise ImproperlyConfigured(f"{name} must be an amount of US dollars such as 5 or 2.50, not “{text}”.")
    return Decimal(text)


def _switch(name: str, *, default: bool) -> bool:
    text = _text(name, str(default)).lower()
    if text not in _YES | _NO:
        raise ImproperlyConfigured(f"{name} must be true or false, not “{text}”.")
    return text in _YES


def _choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = _text(name, default).upper()
    if text not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not “{text}”.")
    return text


def _web_address(name: str) -> str:
    text = _text(name)
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if text and not good:
        raise ImproperlyConfigured(f"{name} must be an http(s) address, not “{text}”.")
    return text


def _origins(name: str) -> list[str]:
    origins: list[str] = [origin for origin in env.list(name, default=[]) if origin]
    for origin in origins:
        if not origin.startswith(("http://", "https://")):
            raise ImproperlyConfigured(f"{name} must list origins such as https://portal.example.org, not “{origin}”.")
    return origins


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise ImproperlyConfigured(
            f"STACKYARD_HOME needs the folder {folder}, which cannot be made: {trouble.strerror}."
        ) from None
    return folder


def _database() -> dict[str, Any]:
    """The database, whose address is never repeated in an error: there may be a password in it."""
    text = _text("DATABASE_URL")
    if not text:
        return dict(env.db_url_config(f"sqlite:///{_made(STACKYARD_HOME) / 'stackyard.sqlite3'}"))
    try:
        found = dict(env.db_url_config(text))
    except (ValueError, ImproperlyConfigured):
        found = {}
    if found.get("ENGINE") not in _DATABASES:
        raise ImproperlyConfigured(
            "DATABASE_URL must be an address such as postgres://user:password@host:5432/name or sqlite:////folder/file."
        )
    return found


def _cache() -> dict[str, Any]:
    try:
        return dict(env.cache_url_config(_text("CACHE_URL", "locmemcache://")))
    except (ValueError, ImproperlyConfigured):
        raise ImproperlyConfigured("CACHE_URL must be locmemcache:// or such as redis://host:6379/1.") from None


def _broker() -> str:
    text = _text("CELERY_BROKER_URL", "filesystem://")
    if text.partition("://")[0] not in _BROKERS or "://" not in text:
        raise ImproperlyConfigured("CELERY_BROKER_URL must be filesystem:// or such as redis://host:6379/0.")
    return text


def _kept_key(path: Path) -> str:
    """The key of a local Stackyard: made once, readable by its owner only."""
    if not path.exists():
        _made(path.parent)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text()


def _folders(text: str) -> list[Path]:
    folders = [Path(part).expanduser() for part in text.split(os.pathsep) if part]
    for folder in folders:
        if not folder.is_dir():
            raise ImproperlyConfigured(f"BLUEPRINT_DIRS names {folder}, which is not a folder.")
    return folders


def _policies(name: str) -> tuple[PolicyFloor, ...]:
    """What the platform itself asks of stages, over what blueprints say; nothing without a file."""
    text = _text(name)
    try:
        return read_policies(Path(text).expanduser()) if text else ()
    except PolicyFileError as wrong:
        raise ImproperlyConfigured(f"{name}: {wrong}") from None


STACKYARD_HOME = Path(_text("STACKYARD_HOME", str(BASE_DIR / ".home"))).expanduser().resolve()
LOCAL = not env.str("SECRET_KEY", default="")
SECRET_KEY = _kept_key(STACKYARD_HOME / "secret_key") if LOCAL else env.str("SECRET_KEY")
DEBUG = _switch("DEBUG", default=False)
HTTPS = _switch("HTTPS", default=not LOCAL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or (["localhost", "127.0.0.1", "[::1]"] if LOCAL else [])
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that this portal answers to.")
CSRF_TRUSTED_ORIGINS = _origins("CSRF_TRUSTED_ORIGINS")
PORT = _number("PORT", 8000, 1, 65535)

AWS_REGION = _text("AWS_REGION", "us-east-1")
AWS_ENDPOINT_URL = _web_address("AWS_ENDPOINT_URL")
AWS_CLIENTS = "provisioning.aws.clients.clients_for"  # what makes the clients of an account; a bench names its own
# Calls to CloudFormation in one account and region by all workers together (Q2); an emulator does not mind.
_BUDGETED = not is_emulator(_web_address("AWS_ENDPOINT_URL_CLOUDFORMATION") or AWS_ENDPOINT_URL)
CLOUDFORMATION_READS_PER_SECOND = _rate("CLOUDFORMATION_READS_PER_SECOND", 2.0 if _BUDGETED else 0.0)
CLOUDFORMATION_READ_BURST = _number("CLOUDFORMATION_READ_BURST", 40, 24, 10_000)
CLOUDFORMATION_WRITES_PER_SECOND = _rate("CLOUDFORMATION_WRITES_PER_SECOND", 1.0 if _BUDGETED else 0.0)
CLOUDFORMATION_WRITE_BURST = _number("CLOUDFORMATION_WRITE_BURST", 10, 1, 10_000)
# Costs are read from Cost Explorer, and reckoned by Stackyard where there is none: on an emulator.
COST_EXPLORER = bool(_web_address("AWS_ENDPOINT_URL_COST_EXPLORER")) or not is_emulator(AWS_ENDPOINT_URL)
COST_EXPLORER_MONTHLY_CAP = _amount("COST_EXPLORER_MONTHLY_CAP", "5.00")  # what reading itself may cost (E1)
AWS_EVENTS_QUEUE_URL = _web_address("AWS_EVENTS_QUEUE_URL")
AWS_EXECUTION_ROLE_ARN = env.str("AWS_EXECUTION_ROLE_ARN", default="")
BILLING_SWITCHES_PER_DAY = _number("BILLING_SWITCHES_PER_DAY", 4, 1, 100)  # T7; older accounts allow fewer
# Reading items, in capacity units a second, by one person and of one table (B10); an emulator does not mind.
_SPARED = not is_emulator(_web_address("AWS_ENDPOINT_URL_DYNAMODB") or AWS_ENDPOINT_URL)
ITEM_READS_PER_PERSON = _number("ITEM_READS_PER_PERSON", 500 if _SPARED else 20_000, 0, 1_000_000)
ITEM_READS_PER_TABLE = _number("ITEM_READS_PER_TABLE", 1000 if _SPARED else 40_000, 0, 1_000_000)
FILE_UPLOAD_HANDLERS = ["portal.item_moves.uploading.LimitedUploads"]
IMPORT_MOST_MIB = _number("IMPORT_MOST_MIB", 50, 1, 1_000)  # of a file of items that is uploaded
BLUEPRINT_DIRS = _folders(env.str("BLUEPRINT_DIRS", default=""))
POLICIES = _policies("POLICY_FILE")
DEPLOY_WEBHOOKS = read_hooks("DEPLOY_WEBHOOKS", _text("DEPLOY_WEBHOOKS"))
DEPLOY_GITHUB_TOKEN = _text("DEPLOY_GITHUB_TOKEN")
DEPLOY_GITHUB_API = _web_address("DEPLOY_GITHUB_API") or "https://api.github.com"

INSTALLED_APPS = [
    "portal.accounts",
    "portal",
    "provisioning",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.guard.PagesMiddleware",
    "portal.errors.ProblemMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.shell.shell",
            ]
        },
    }
]

DATABASES = {"default": _database()}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # One writer at a time, taken at BEGIN so that nobody fails half way through a transaction.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": _cache()}

BROKER_FOLDER = STACKYARD_HOME / "broker"
CELERY_BROKER_URL = _broker()
if CELERY_BROKER_URL.startswith("filesystem"):
    _made(BROKER_FOLDER)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
        "data_folder_in": str(BROKER_FOLDER),
        "data_folder_out": str(BROKER_FOLDER),
        "control_folder": str(BROKER_FOLDER / "control"),
        "polling_interval": 0.1,
    }
else:
    # A Redis that hangs, or went away without a word, must hold up neither a click nor a worker for ever (L7).
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "socket_timeout": 5.0, "socket_connect_timeout": 5.0}
    CELERY_VISIBILITY_TIMEOUT = 300
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # a lost message loses nothing: the sweep finds the row (L12)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # L5
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}  # nobody waits long for a doorbell (L12)
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is away for a night ends no worker and no scheduler
CELERY_TASK_DEFAULT_QUEUE = "stackyard"
CELERY_BEAT_SCHEDULE = {"sweep": {"task": "provisioning.tasks.sweep", "schedule": 2.0, "options": {"expires": 10}}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SOCIALACCOUNT_PROVIDERS: dict[str, object] = {}
OIDC_SERVER_URL = _web_address("OIDC_SERVER_URL")
OIDC_ORIGIN = ["{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER_URL))] if OIDC_SERVER_URL else []
if OIDC_SERVER_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "sso",
                "name": env.str("OIDC_NAME", default="Single sign-on"),
                "client_id": env.str("OIDC_CLIENT_ID"),
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
    }

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = LOCAL
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # the form of an item of 400 KB: as read, and as typed JSON over lines
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = f"stackyard_session_{PORT}" if LOCAL else "stackyard_session"
CSRF_COOKIE_NAME = f"stackyard_csrf_{PORT}" if LOCAL else "stackyard_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if _switch("TRUST_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the QR code of a second factor
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *OIDC_ORIGIN],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

_LEVEL = _choice("LOG_LEVEL", "INFO", _LEVELS)
# At DEBUG these write what is sent to AWS and what it answers, items and secrets among it.
_TELLTALES = {key: {"level": "INFO" if _LEVEL == "DEBUG" else _LEVEL} for key in ("boto3", "botocore", "urllib3")}
_STAMPED: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _STAMPED,
        }
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["out"], "level": _LEVEL},
    "loggers": _TELLTALES,
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_STAMPED,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
