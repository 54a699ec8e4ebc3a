# nats-server, from 2.12 on: what PATH has, else the official release, else a newer Debian suite's package.
# What is downloaded goes to .cache/bin; the system is not touched.

nats_floor=2.12

# The newest release when this was written. The checksums are those that the NATS maintainers pin in their container
# recipe (github.com/nats-io/nats-docker, 2.14.x/alpine3.22/Dockerfile).
nats_release=2.14.5
nats_checksums='
  x86_64  amd64 5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355
  aarch64 arm64 673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c
  armv7l  arm7  c8796b63a8603fdebabd63146ac3d3997c29a2829fdd2af6db320f4a287f2e71'

# nats_is_current BINARY: it runs, and is not older than the floor.
nats_is_current() {
  nats_version=$("$1" --version 2>/dev/null) || return 1
  nats_version=${nats_version##*v}
  case $nats_version in [0-9]*.[0-9]*) version_at_least "$nats_version" "$nats_floor" ;; *) return 1 ;; esac
}

need_nats() {
  nats_is_current nats-server && return
  nats_is_current "$cache/bin/nats-server" && return
  mkdir -p "$cache/bin"
  nats_from_release && return
  nats_from_debian && return
  die "No nats-server from $nats_floor on could be had: put one on PATH (https://nats.io/download) and try again."
}

# nats_keep BINARY: takes it over only if it runs here (a newer suite's package may want a newer C library).
nats_keep() {
  chmod +x "$1" && nats_is_current "$1" && mv "$1" "$cache/bin/nats-server" && say "nats-server $nats_version is in .cache/bin."
}

# fetch_file URL FILE: gives up within seconds where the host does not answer.
fetch_file() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --location --connect-timeout 5 --speed-time 15 --speed-limit 1000 --output "$2" "$1"
  elif command -v wget >/dev/null 2>&1; then
    wget --quiet --tries=1 --timeout=5 --read-timeout=15 --output-document="$2" "$1"
  else
    return 1
  fi
}

nats_from_release() {
  [ "$(uname -s)" = Linux ] || return 1
  # shellcheck disable=SC2046 # Three words are wanted: machine, architecture, checksum.
  set -- $(printf '%s\n' "$nats_checksums" | grep " $(uname -m) ")
  [ $# -eq 3 ] || return 1
  name=nats-server-v$nats_release-linux-$2
  archive=$cache/$name.tar.gz
  say "Downloading nats-server $nats_release…"
  if ! fetch_file "https://github.com/nats-io/nats-server/releases/download/v$nats_release/$name.tar.gz" "$archive"; then
    rm -f "$archive"
    say 'The official release cannot be reached from here.'
    return 1
  fi
  if ! printf '%s  %s\n' "$3" "$archive" | sha256sum --check --status; then
    rm -f "$archive"
    die "The downloaded nats-server $nats_release does not have the expected checksum: it was not used."
  fi
  tar -xzf "$archive" -C "$cache" "$name/nats-server" && nats_keep "$cache/$name/nats-server"
  kept=$?
  rm -rf "$archive" "${cache:?}/$name"
  return $kept
}

nats_from_debian() {
  command -v dpkg >/dev/null 2>&1 && [ "$(os_id)" = debian ] || return 1
  : >"$cache/apt.log"
  for suite in stable testing unstable; do
    say "Looking for nats-server in Debian $suite…"
    debian_package "$suite" nats-server "$nats_floor" || continue
    nats_keep "$cache/apt/unpacked/usr/sbin/nats-server" && rm -rf "$cache/apt" && return
  done
  rm -rf "$cache/apt"
  return 1
}
