#!/bin/sh
# A MariaDB for tests, on a socket in a temporary directory. Says where it is, and removes it when its own standard
# input ends.
server=$(command -v mariadbd || command -v mysqld || ls /usr/sbin/mariadbd 2>/dev/null) || exit 1
dir=$(mktemp -d "${TMPDIR:-/tmp}/customer-access-mariadb.XXXXXX") && cd "$dir" || exit 1
if [ "$(id -u)" = 0 ]; then user=--user=root; else user=; fi
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; cd /; rm -rf "$dir"' EXIT
trap exit HUP INT TERM
mariadb-install-db --no-defaults $user --datadir="$dir/data" --auth-root-authentication-method=normal \
    --skip-test-db >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
"$server" --no-defaults $user --datadir="$dir/data" --socket="$dir/socket" --skip-networking \
    --pid-file="$dir/pid" --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=16M >"$dir/log" 2>&1 &
pid=$!
for _ in $(seq 300); do
    mariadb-admin --no-defaults --user=root --socket="$dir/socket" ping >"$dir/ping" 2>&1 && break
    kill -0 "$pid" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
    sleep 0.1
done
echo "$dir"
cat >/dev/null
