import pytest

from notifications.addresses import is_allowed, refusal

PUBLIC = """
    8.8.8.8 1.1.1.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::
""".split()  # noqa: SIM905
INSIDE = """
    127.0.0.1 127.8.9.1 0.0.0.0 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 198.18.0.1 192.0.2.1
    224.0.0.1 240.0.0.1 255.255.255.255 ::1 :: fc00::1 fd00:ec2::254 fec0::1 ff02::1 2001:db8::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1::
    2001:0:4136:e378:8000:63bf:3fff:fdd2
""".split()  # noqa: SIM905
LINK_LOCAL = """
    169.254.169.254 fe80::1 fe80::1%lo ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe
""".split()  # noqa: SIM905


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address):
    assert is_allowed(address, "example.com")


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_closed_until_listed(address, settings):
    settings.OUTBOUND_ALLOW = ["203.0.113.0/24", "other.internal"]
    assert not is_allowed(address, "example.com")
    assert "OUTBOUND_ALLOW" in refusal("example.com", address)

    settings.OUTBOUND_ALLOW = ["0.0.0.0/0", "::/0"]
    assert is_allowed(address, "example.com")
    settings.OUTBOUND_ALLOW = ["Example.com"]
    assert is_allowed(address, "example.COM")


@pytest.mark.parametrize("address", LINK_LOCAL)
def test_link_local_addresses_are_closed_even_when_listed(address, settings):
    settings.OUTBOUND_ALLOW = ["169.254.0.0/16", "fe80::/10", "::/0", "0.0.0.0/0", "example.com"]

    assert not is_allowed(address, "example.com")
    assert "never" in refusal("example.com", address)


def test_networks_are_told_from_their_neighbours(settings):
    settings.OUTBOUND_ALLOW = ["10.1.0.0/16", "192.168.7.9"]

    assert is_allowed("10.1.255.255", "x")
    assert not is_allowed("10.2.0.0", "x")
    assert is_allowed("::ffff:10.1.2.3", "x")
    assert is_allowed("192.168.7.9", "x")
    assert not is_allowed("192.168.7.8", "x")
