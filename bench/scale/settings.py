"""The portal's settings, with another AWS behind them."""

from portal.settings import *  # noqa: F403

AWS_CLIENTS = "bench.scale.aws.clients_for"
