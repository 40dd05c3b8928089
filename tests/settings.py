"""Settings of the test suite: those of the portal, in a home of its own, with no way to reach real AWS by accident.

TEST_DATABASE_URL and TEST_REDIS_URL are used by the services tier, which sets STACKYARD_TEST_TIER=services.
"""

import os
import tempfile

for _name in ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
    os.environ.pop(_name, None)
for _name in ("BLUEPRINT_DIRS", "POLICY_FILE"):
    os.environ.pop(_name, None)
os.environ.update(
    STACKYARD_HOME=tempfile.mkdtemp(prefix="stackyard-tests-"),
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_REGION="us-east-1",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    CLOUDFORMATION_READS_PER_SECOND="0",
    CLOUDFORMATION_WRITES_PER_SECOND="0",
)
if os.environ.get("STACKYARD_TEST_TIER") == "services":
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    os.environ["CELERY_BROKER_URL"] = os.environ["TEST_REDIS_URL"]

from portal.settings import *  # noqa: E402, F403  (the environment comes first)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: nothing in a test is a secret
