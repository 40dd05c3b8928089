"""The portal's settings, with another AWS behind them."""

from portal.settings import *  # noqa: F403  (every setting of the portal)

AWS_CLIENTS = "bench.scale.aws.clients_for"
