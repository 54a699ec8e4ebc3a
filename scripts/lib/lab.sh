# What test/lab makes several Docker hosts on one machine with: namespaces, wires and packet rules. Without it the tests of
# many hosts fail, and say so.

need_lab() {
  command -v ip >/dev/null 2>&1 && command -v iptables >/dev/null 2>&1 && command -v nsenter >/dev/null 2>&1 && return
  case $(os_id) in debian | ubuntu) ;; *) say 'test/lab needs ip, iptables and nsenter: install iproute2, iptables and util-linux.' && return ;; esac
  [ "$(id -u)" -eq 0 ] || { say 'test/lab needs ip, iptables and nsenter: install them as root.' && return; }
  say 'Installing what test/lab needs (apt-get install iproute2 iptables util-linux)…'
  apt_install iproute2 iptables util-linux || say "apt-get could not: $cache/apt-install.log says why."
}
