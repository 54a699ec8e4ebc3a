# What test/lab makes several Docker hosts on one machine with: namespaces, wires and packet rules. Without it the tests of
# many hosts fail, and say so. HAProxy is what hosts take published ports in with, wg and wireguard-go what they encrypt with where
# the kernel cannot. Clocks that tests set come from faketime: where it cannot be had, they leave that out and say so.

has() { for tool; do command -v "$tool" >/dev/null 2>&1 || return 1; done; }

need_lab() {
  has ip iptables nsenter faketime haproxy wg wireguard-go && return
  case $(os_id) in debian | ubuntu) ;; *)
    has ip iptables nsenter || say 'test/lab needs ip, iptables and nsenter: install iproute2, iptables and util-linux.'
    return
    ;;
  esac
  [ "$(id -u)" -eq 0 ] || { say 'test/lab needs ip, iptables, nsenter, faketime, haproxy, wg and wireguard-go: install them as root.' && return; }
  packages='iproute2 iptables util-linux faketime haproxy wireguard-tools wireguard-go'
  say "Installing what test/lab needs (apt-get install $packages)…"
  # The package starts one of its own, on no port, where systemd runs: it is of no use here.
  # shellcheck disable=SC2086 # Several words.
  apt_install $packages || say "apt-get could not: $cache/apt-install.log says why."
}
