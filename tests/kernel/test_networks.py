"""Whom an address stands for."""

import pytest

from girok.networks import host_network


class TestHostNetwork:
    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("a unix socket", "a unix socket"),
        ],
    )
    def test_is_what_one_host_has_for_itself(self, address: str, counted: str) -> None:
        assert host_network(address) == counted
