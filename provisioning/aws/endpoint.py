"""Whether an endpoint is an emulator, or AWS itself behind an address of its own (a VPC endpoint, say)."""

from urllib.parse import urlsplit

AWS_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws")


def is_emulator(endpoint_url: str) -> bool:
    """True for an endpoint that is not AWS; empty means AWS. What is eased for an emulator is never eased for AWS."""
    host = (urlsplit(endpoint_url).hostname or "").lower().rstrip(".")
    return bool(host) and not any(host == domain or host.endswith(f".{domain}") for domain in AWS_DOMAINS)
