# A PostgreSQL for one run of the tests, or of the benchmarks. Sourced by `scripts/test` and
# `scripts/bench`.
# shellcheck shell=bash

postgres_folder=
postgres_url=
# Where its folder goes, and whether it keeps what it acknowledged: `scripts/bench` sets both.
postgres_parent=/tmp
postgres_durable=

# The folder of initdb and pg_ctl; Debian keeps them out of the PATH.
postgres_programs() {
  local folders=()
  mapfile -t folders < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort)
  if [[ -x ${folders[-1]}/initdb ]]; then
    echo "${folders[-1]}"
  elif command -v initdb >/dev/null; then
    dirname "$(readlink --canonicalize "$(command -v initdb)")"
  fi
}

# PostgreSQL refuses to run as root.
unprivileged() {
  if [[ $EUID -eq 0 ]]; then
    (cd / && runuser --user postgres -- "$@")
  else
    "$@"
  fi
}

start_postgres() {
  local programs port durability
  programs=$(postgres_programs)
  [[ -n $programs ]] || missing PostgreSQL "no initdb in /usr/lib/postgresql/*/bin or in the PATH"
  postgres_folder=$(mktemp --directory "$postgres_parent/tegata-postgres.XXXXXX")
  if [[ $EUID -eq 0 ]]; then chown postgres "$postgres_folder"; fi

  unprivileged "$programs/initdb" --pgdata="$postgres_folder/data" --username=tegata --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$postgres_folder/initdb.log" 2>&1 ||
    { cat "$postgres_folder/initdb.log" >&2; return 1; }

  # What the tests write need not outlive the machine's power.
  durability="-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
  if [[ -n $postgres_durable ]]; then
    durability="-c fsync=on -c full_page_writes=on -c synchronous_commit=on"
  fi
  # A port that turns out to be taken makes the server refuse to start; then the next is tried.
  for _ in 1 2 3 4 5; do
    port=$((RANDOM % 10000 + 20000))
    if unprivileged "$programs/pg_ctl" start --wait --silent --pgdata="$postgres_folder/data" \
      --log="$postgres_folder/server.log" --options="-c listen_addresses=127.0.0.1 -c port=$port \
      -c unix_socket_directories='' -c max_connections=400 $durability" >/dev/null 2>&1; then
      postgres_url=postgres://tegata@127.0.0.1:$port/postgres
      echo "$postgres_url"
      return
    fi
  done
  cat "$postgres_folder/server.log" >&2
  return 1
}

stop_postgres() {
  [[ -n $postgres_folder ]] || return 0
  unprivileged "$(postgres_programs)/pg_ctl" stop --mode=immediate --silent \
    --pgdata="$postgres_folder/data" >/dev/null 2>&1 || true
  rm --recursive --force "$postgres_folder"
}
