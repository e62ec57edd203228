#!/bin/sh
# One PostgreSQL for a whole run of cargo-nextest, which starts a process for each test: it ends when cargo-nextest
# does. Without it, each process starts a server of its own, and fails with a sentence if it cannot.
[ -z "${TEST_POSTGRES_URL:-}" ] || exit 0
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
nextest=$PPID
{ while kill -0 "$nextest" 2>/dev/null; do sleep 0.3; done; } </dev/null 2>/dev/null |
    sh "$(dirname "$0")/cluster.sh" >"$said" 2>/dev/null &
cluster=$!
while [ ! -s "$said" ] && kill -0 "$cluster" 2>/dev/null; do sleep 0.05; done
read -r directory <"$said" || exit 0
echo "TEST_POSTGRES_URL=postgres:///postgres?host=$directory&user=postgres" >>"$NEXTEST_ENV"
