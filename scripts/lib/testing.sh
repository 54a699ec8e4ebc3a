# What only the tests need: a static busybox, which their images are made of, a registry on loopback to pull from, docker
# compose, HAProxy, and systemd's checker of units. Without the first, tests that run containers fail; without another, those that
# need it are skipped, and say so.

need_testing() {
  [ -x /bin/busybox ] || install_busybox ||
    say 'There is no /bin/busybox to make the test image of: install the package busybox-static.'
  has_registry || registry_from_debian ||
    say 'There is no docker-registry here: the tests that pull from one are skipped.'
  has_compose || compose_from_debian ||
    say 'There is no docker compose here: the tests of docker-compose.yml are skipped.'
  command -v haproxy >/dev/null 2>&1 || install_haproxy ||
    say 'There is no haproxy here: the tests of the data plane fail.'
  command -v systemd-analyze >/dev/null 2>&1 || install_systemd ||
    say 'There is no systemd-analyze here: the systemd units are not verified.'
}

is_root_on_debian() {
  case $(os_id) in debian | ubuntu) ;; *) return 1 ;; esac
  [ "$(id -u)" -eq 0 ]
}

install_busybox() {
  is_root_on_debian || return 1
  say 'Installing busybox (apt-get install busybox-static)…'
  apt_install busybox-static
}

install_haproxy() {
  is_root_on_debian || return 1
  say 'Installing HAProxy (apt-get install haproxy)…'
  apt_install haproxy
}

# The programs only: it does not become the machine's first process by this.
install_systemd() {
  is_root_on_debian || return 1
  say 'Installing systemd-analyze (apt-get install systemd)…'
  apt_install systemd
}

has_registry() { [ -x "$cache/bin/docker-registry" ] || command -v docker-registry >/dev/null 2>&1; }

# Unpacked, not installed: the package would start a registry of its own.
registry_from_debian() {
  command -v dpkg >/dev/null 2>&1 && [ "$(os_id)" = debian ] || return 1
  : >"$cache/apt.log"
  say "Looking for docker-registry in Debian $(os_codename)…"
  debian_package "$(os_codename)" docker-registry 2.7 && mkdir -p "$cache/bin" &&
    mv "$cache/apt/unpacked/usr/bin/docker-registry" "$cache/bin/" && say 'docker-registry is in .cache/bin.'
  had=$?
  rm -rf "$cache/apt"
  return $had
}

# The engine's package brings version 1, or none.
has_compose() { [ -x "$cache/bin/docker-compose" ] || docker compose version >/dev/null 2>&1; }

compose_from_debian() {
  command -v dpkg >/dev/null 2>&1 && [ "$(os_id)" = debian ] || return 1
  : >"$cache/apt.log"
  for suite in stable testing; do
    say "Looking for docker-compose in Debian $suite…"
    debian_package "$suite" docker-compose 2.20 && mkdir -p "$cache/bin" &&
      mv "$cache/apt/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$cache/bin/" &&
      "$cache/bin/docker-compose" version >/dev/null 2>&1 && say 'docker-compose is in .cache/bin.' &&
      rm -rf "$cache/apt" && return
    rm -f "$cache/bin/docker-compose"
  done
  rm -rf "$cache/apt"
  return 1
}
