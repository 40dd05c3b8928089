"""Every setting of Stackyard, read from environment variables; a wrong value stops the start with a sentence.

Without SECRET_KEY Stackyard runs in *local* mode: plain HTTP on this machine, a key made once and kept in
STACKYARD_HOME. With SECRET_KEY it runs as a deployment: secure cookies, HTTPS, ALLOWED_HOSTS required.
"""

from pathlib import Path
from urllib.parse import urlsplit

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.reading_settings import (
    amount,
    broker,
    cache,
    choice,
    database,
    env,
    folders,
    kept_key,
    made,
    number,
    origins,
    policies,
    rate,
    switch,
    web_address,
    words,
)
from provisioning.aws.endpoint import is_emulator
from provisioning.blueprints.hooks import read_hooks

BASE_DIR = Path(__file__).resolve().parent.parent
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

STACKYARD_HOME = Path(words("STACKYARD_HOME", str(BASE_DIR / ".home"))).expanduser().resolve()
LOCAL = not env.str("SECRET_KEY", default="")
SECRET_KEY = kept_key(STACKYARD_HOME / "secret_key") if LOCAL else env.str("SECRET_KEY")
DEBUG = switch("DEBUG", default=False)
HTTPS = switch("HTTPS", default=not LOCAL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or (["localhost", "127.0.0.1", "[::1]"] if LOCAL else [])
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that this portal answers to.")
CSRF_TRUSTED_ORIGINS = origins("CSRF_TRUSTED_ORIGINS")
PORT = number("PORT", 8000, 1, 65535)

AWS_REGION = words("AWS_REGION", "us-east-1")
AWS_ENDPOINT_URL = web_address("AWS_ENDPOINT_URL")
AWS_CLIENTS = "provisioning.aws.clients.clients_for"  # what makes the clients of an account; a bench names its own
# Calls to CloudFormation in one account and region by all workers together (Q2); an emulator does not mind.
_BUDGETED = not is_emulator(web_address("AWS_ENDPOINT_URL_CLOUDFORMATION") or AWS_ENDPOINT_URL)
CLOUDFORMATION_READS_PER_SECOND = rate("CLOUDFORMATION_READS_PER_SECOND", 2.0 if _BUDGETED else 0.0)
CLOUDFORMATION_READ_BURST = number("CLOUDFORMATION_READ_BURST", 40, 24, 10_000)
CLOUDFORMATION_WRITES_PER_SECOND = rate("CLOUDFORMATION_WRITES_PER_SECOND", 1.0 if _BUDGETED else 0.0)
CLOUDFORMATION_WRITE_BURST = number("CLOUDFORMATION_WRITE_BURST", 10, 1, 10_000)
# Costs are read from Cost Explorer, and reckoned by Stackyard where there is none: on an emulator.
COST_EXPLORER = bool(web_address("AWS_ENDPOINT_URL_COST_EXPLORER")) or not is_emulator(AWS_ENDPOINT_URL)
COST_EXPLORER_MONTHLY_CAP = amount("COST_EXPLORER_MONTHLY_CAP", "5.00")  # what reading itself may cost (E1)
COSTS_BY_OWNER = switch("COSTS_BY_OWNER", default=False)  # engineers see what they own only; others everything
AWS_EVENTS_QUEUE_URL = web_address("AWS_EVENTS_QUEUE_URL")
AWS_EXECUTION_ROLE_ARN = env.str("AWS_EXECUTION_ROLE_ARN", default="")
BILLING_SWITCHES_PER_DAY = number("BILLING_SWITCHES_PER_DAY", 4, 1, 100)  # T7; older accounts allow fewer
# Reading items, in capacity units a second, by one person and of one table (B10); an emulator does not mind.
_SPARED = not is_emulator(web_address("AWS_ENDPOINT_URL_DYNAMODB") or AWS_ENDPOINT_URL)
ITEM_READS_PER_PERSON = number("ITEM_READS_PER_PERSON", 500 if _SPARED else 20_000, 0, 1_000_000)
ITEM_READS_PER_TABLE = number("ITEM_READS_PER_TABLE", 1000 if _SPARED else 40_000, 0, 1_000_000)
FILE_UPLOAD_HANDLERS = ["portal.item_moves.uploading.LimitedUploads"]
IMPORT_MOST_MIB = number("IMPORT_MOST_MIB", 50, 1, 1_000)  # of a file of items that is uploaded
API_REQUESTS_PER_MINUTE = number("API_REQUESTS_PER_MINUTE", 600, 1, 1_000_000)  # of one token
BLUEPRINT_DIRS = folders(env.str("BLUEPRINT_DIRS", default=""))
POLICIES = policies("POLICY_FILE")
DEPLOY_WEBHOOKS = read_hooks("DEPLOY_WEBHOOKS", words("DEPLOY_WEBHOOKS"))
DEPLOY_GITHUB_TOKEN = words("DEPLOY_GITHUB_TOKEN")
DEPLOY_GITHUB_API = web_address("DEPLOY_GITHUB_API") or "https://api.github.com"

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

DATABASES = {"default": database(STACKYARD_HOME)}
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
CACHES = {"default": cache()}

BROKER_FOLDER = STACKYARD_HOME / "broker"
CELERY_BROKER_URL = broker()
if CELERY_BROKER_URL.startswith("filesystem"):
    made(BROKER_FOLDER)
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
OIDC_SERVER_URL = web_address("OIDC_SERVER_URL")
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
        "BACKEND": "portal.static_urls.AsNamed" if LOCAL else "portal.static_urls.ByContent",
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
if switch("TRUST_PROXY", default=False):
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

_LEVEL = choice("LOG_LEVEL", "INFO", _LEVELS)
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
