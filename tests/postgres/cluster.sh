#!/bin/sh
# A PostgreSQL cluster for tests: the newest server that is installed, on a socket in a temporary directory. Says
# where it is, and removes it when its own standard input ends. Its order is not that of bytes, so that a column
# which needs `COLLATE "C"` and has it not is found out.
#
# With the argument `guarded` it also listens on a port of this machine, which it says after the directory, and asks
# there for the password of the user desk: in the database plain over any connection, in secured over TLS alone. What
# its certificate for localhost is signed with is in ca.pem of the directory.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || exit 1
dir=$(mktemp -d "${TMPDIR:-/tmp}/customer-access-postgres.XXXXXX") && cd "$dir" || exit 1
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="runuser -u postgres --"; else as=; fi
trap 'cd /; $as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >"$dir/log" 2>&1; rm -rf "$dir"' EXIT
trap exit HUP INT TERM

start() {
    $as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/data/log" start -o "-k $dir -c fsync=off -c synchronous_commit=off \
        -c full_page_writes=off -c max_connections=400 $*" >"$dir/log" 2>&1
}

# A certificate authority, and a certificate for localhost that is signed by it.
certificates() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem &&
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout data/server.key -out server.csr &&
    echo subjectAltName=DNS:localhost >extensions &&
    openssl x509 -req -in server.csr -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions \
        -out data/server.crt &&
    chmod 600 data/server.key && if [ "$(id -u)" = 0 ]; then chown postgres data/server.*; fi
} >"$dir/log" 2>&1

guard() {
    certificates &&
    printf '%s\n' 'local all all trust' 'host plain desk 127.0.0.1/32 scram-sha-256' \
        'hostssl secured desk 127.0.0.1/32 scram-sha-256' >data/pg_hba.conf &&
    for port in $(shuf -i 20000-32000 -n 5); do
        start "-c listen_addresses=127.0.0.1 -c port=$port -c ssl=on" && break
        port=
    done &&
    [ -n "$port" ] && psql -X -q -v ON_ERROR_STOP=1 -h "$dir" -p "$port" -U postgres postgres >"$dir/log" 2>&1 <<SQL
CREATE ROLE desk LOGIN PASSWORD 'hush@/?#%:';
CREATE DATABASE plain OWNER desk;
CREATE DATABASE secured OWNER desk;
SQL
}

port=
$as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu \
    --icu-locale=en --no-sync >"$dir/log" 2>&1 &&
if [ "${1:-}" = guarded ]; then guard; else start "-c listen_addresses=''"; fi ||
{ cat "$dir/log" >&2; exit 1; }
echo "$dir${port:+ $port}"
cat >/dev/null
