#!/usr/bin/env bash
# Install the Debian packages that tests use: a browser, nginx with Brotli, wrk, logrotate, systemd's tools, PostgreSQL, a
# Japanese font, a clock that can be wrong; with the argument `audit` what that uses: Java in the place of the last and of
# PostgreSQL; with `torture` the clock alone. Does nothing when all are there.
# MATOME_SKIP_SYSTEM=1 goes on without them; the tests that need them are then skipped.
set -euo pipefail

missing=()
if [ "${1:-}" != audit ]; then
    command -v faketime >/dev/null || missing+=(faketime)
fi
if [ "${1:-}" != torture ]; then
    command -v chromium >/dev/null || missing+=(chromium)
    [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || missing+=(nginx)
    command -v wrk >/dev/null || [ "${1:-}" = audit ] || missing+=(wrk)
    if [ "${1:-}" != audit ]; then
        command -v brotli >/dev/null || missing+=(brotli)
        command -v openssl >/dev/null || missing+=(openssl)
        [ -x /usr/sbin/logrotate ] || command -v logrotate >/dev/null || missing+=(logrotate)
        command -v systemd-analyze >/dev/null || missing+=(systemd)
        for kind in static filter; do
            [ -e "/usr/lib/nginx/modules/ngx_http_brotli_${kind}_module.so" ] || missing+=("libnginx-mod-http-brotli-$kind")
        done
    fi
    compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK-*' >/dev/null || missing+=(fonts-noto-cjk)
fi
if [ "${1:-}" = audit ]; then
    command -v java >/dev/null || missing+=(default-jre-headless)
elif [ "${1:-}" != torture ]; then
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
fi

if [ ${#missing[@]} -eq 0 ] || [ "${MATOME_SKIP_SYSTEM:-}" = 1 ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Missing for the ${1:-tests}: ${missing[*]}. On Debian: sudo apt-get install ${missing[*]}" >&2
    [ -n "${1:-}" ] || echo "The tests that do without run with MATOME_SKIP_SYSTEM=1 make test" >&2
    exit 1
fi

echo "Installing for the ${1:-tests}: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
