"""Each thing its own loopback address."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import addresses
from local.addresses import Addresses, NoAddressLeft


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_every_root_has_a_loopback_network_that_is_not_everybodys(name: str) -> None:
    network = ipaddress.ip_network(f"{addresses.network(Path('/') / name)}.0/24")
    assert network.is_loopback
    assert not network.overlaps(ipaddress.ip_network("127.0.0.0/16"))


def test_a_name_keeps_its_address_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    first = Addresses(tmp_path, file)
    given_out = [first.get("rds", name) for name in ("a", "b", "a")]
    assert given_out[0] == given_out[2] != given_out[1]
    assert Addresses(tmp_path, file).get("rds", "b") == given_out[1]


def test_a_released_address_is_given_out_again(tmp_path: Path) -> None:
    book = Addresses(tmp_path, tmp_path / "addresses.json")
    freed = book.get("task", "a")
    other = book.get("rds", "a")
    book.release_all("task")
    assert book.get("elb", "b") == freed
    assert book.get("rds", "a") == other


def test_when_all_are_taken_it_says_so(tmp_path: Path) -> None:
    book = Addresses(tmp_path, tmp_path / "addresses.json")
    assert len({book.get("task", str(number)) for number in range(254)}) == 254
    with pytest.raises(NoAddressLeft, match="254 addresses"):
        book.get("task", "one more")
