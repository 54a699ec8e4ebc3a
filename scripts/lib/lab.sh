# What test/lab makes several Docker hosts on one machine with: namespaces, wires and packet rules. Without it the tests of
# many hosts fail, and say so. HAProxy is what hosts take published ports in with. Clocks that tests set come from faketime: where it cannot be had, they leave that out and say so.

has() { for tool; do command -v "$tool" >/dev/null 2>&1 || return 1; done; }

need_lab() {
  has ip iptables nsenter faketime haproxy && return
  case $(os_id) in debian | ubuntu) ;; *)
    has ip iptables nsenter || say 'test/lab needs ip, iptables and nsenter: install iproute2, iptables and util-linux.'
    return
    ;;
  esac
  [ "$(id -u)" -eq 0 ] || { say 'test/lab needs ip, iptables, nsenter, faketime and haproxy: install them as root.' && return; }
  say 'Installing what test/lab needs (apt-get install iproute2 iptables util-linux faketime haproxy)…'
  # The package starts one of its own, on no port, where systemd runs: it is of no use here.
  apt_install iproute2 iptables util-linux faketime haproxy || say "apt-get could not: $cache/apt-install.log says why."
}
