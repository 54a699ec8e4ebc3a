# What only the tests need: a static busybox, which their image is made of, and a registry on loopback to pull from.
# Without the one, tests that run containers fail; without the other, those of pulling are skipped, and say so.

need_testing() {
  [ -x /bin/busybox ] || install_busybox ||
    say 'There is no /bin/busybox to make the test image of: install the package busybox-static.'
  has_registry || registry_from_debian ||
    say 'There is no docker-registry here: the tests that pull from one are skipped.'
}

install_busybox() {
  case $(os_id) in debian | ubuntu) ;; *) return 1 ;; esac
  [ "$(id -u)" -eq 0 ] || return 1
  say 'Installing busybox (apt-get install busybox-static)…'
  apt_install busybox-static
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
