"""nginx accepts its configuration in every variant that deploy-config writes, and several sites beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.running import MODULES, NGINX, check_nginx, deployment_in, write_nginx

pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx: scripts/install-test-packages.sh installs it")

BROTLI = (MODULES / "ngx_http_brotli_static_module.so").exists()

VARIANTS: dict[str, dict[str, Any]] = {
    "plain HTTP": {"tls": False},
    "TLS": {"tls": True},
    "no www": {"tls": True, "www": False},
    "a long name": {"domain": f"{'a' * 60}.example.org", "name": "a-site-with-a-long-name"},
    "behind another proxy": {"trusted_proxies": ("10.0.0.0/8", "2001:db8::/32")},
    "TLS behind another proxy": {"tls": True, "trusted_proxies": ("10.0.0.0/8",)},
    "stapling": {"tls": True, "stapling": True},
    "whole addresses, other limits": {"full_addresses": True, "queue": 3, "search_rate": 1, "cache_size": "2g"},
    "metrics": {"metrics": True},
}


@pytest.mark.parametrize("brotli", [False, True])
@pytest.mark.parametrize("fields", VARIANTS.values(), ids=VARIANTS.keys())
def test_nginx_accepts_the_configuration(fields: dict[str, Any], brotli: bool, tmp_path: Path) -> None:
    if brotli and not BROTLI:
        pytest.skip("needs libnginx-mod-http-brotli-static and -filter: scripts/install-test-packages.sh installs them")
    checked = check_nginx(write_nginx(tmp_path, deployment_in(tmp_path / "site", brotli=brotli, **fields)))
    assert checked.returncode == 0, checked.stderr
    assert "successful" in checked.stderr
    # A certificate made for a test names nobody whom nginx could ask about it.
    assert [line for line in checked.stderr.splitlines() if "[warn]" in line and "ssl_stapling" not in line] == []


@pytest.mark.parametrize("tls", [False, True])
def test_several_sites_stand_beside_each_other(tmp_path: Path, tls: bool) -> None:
    first = deployment_in(tmp_path / "one", name="one", domain="one.example", tls=tls)
    ports = {"http_port": first.http_port, "https_port": first.https_port}
    others = [
        deployment_in(tmp_path / name, name=name, domain=f"{name}.example", tls=tls, **ports)
        for name in ("two", "two-more")
    ]
    checked = check_nginx(write_nginx(tmp_path, first, *others))
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr


def test_a_site_without_tls_stands_beside_one_with(tmp_path: Path) -> None:
    first = deployment_in(tmp_path / "one", name="one", domain="one.example", tls=True)
    other = deployment_in(tmp_path / "two", name="two", domain="two.example", http_port=first.http_port)
    checked = check_nginx(write_nginx(tmp_path, first, other))
    assert checked.returncode == 0, checked.stderr
    assert "ssl_reject_handshake" in (tmp_path / "conf.d/unknown-hosts-tls.conf").read_text(encoding="utf-8")
