"""Which addresses this server may call."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.conf import settings

IPAddress = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")


def is_allowed(address: str, host: str) -> bool:
    """Whether `address`, which `host` resolved to, may be connected to."""
    ends = list(destinations(ip_address(address)))
    if any(end.is_link_local for end in ends):
        return False
    networks, hosts = allowed(tuple(settings.OUTBOUND_ALLOW))
    if host.lower() in hosts:
        return True
    return all(is_public(end) or any(end in network for network in networks) for end in ends)


def refusal(host: str, address: str) -> str:
    """Why is_allowed said no, and what to do about it."""
    if any(end.is_link_local for end in destinations(ip_address(address))):
        return f"{host} leads to the link-local address {address}, which is never called."
    where = host if host == address else f"{host} leads to {address}, which"
    return (
        f"{where} is not a public address. To let this server call it, add the host or its network "
        "to OUTBOUND_ALLOW."
    )


def is_public(address: IPAddress) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    )


def destinations(address: IPAddress) -> Iterator[IPAddress]:
    """Where packets to the address end up, and what they pass through on the way there."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address in NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    else:
        yield address
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo


@lru_cache(8)
def allowed(entries: tuple[str, ...]) -> tuple[list[IPv4Network | IPv6Network], set[str]]:
    """OUTBOUND_ALLOW's networks and its hosts."""
    networks, hosts = [], set()
    for entry in entries:
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry.lower())
    return networks, hosts
