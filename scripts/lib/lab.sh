# What test/lab makes several Docker hosts on one machine with: namespaces, wires and packet rules. Without it the tests of
# many hosts fail, and say so. Clocks that tests set come from faketime: where it cannot be had, they leave that out and say so.

has() { for tool; do command -v "$tool" >/dev/null 2>&1 || return 1; done; }

need_lab() {
  has ip iptables nsenter faketime && return
  case $(os_id) in debian | ubuntu) ;; *)
    has ip iptables nsenter || say 'test/lab needs ip, iptables and nsenter: install iproute2, iptables and util-linux.'
    return
    ;;
  esac
  [ "$(id -u)" -eq 0 ] || { say 'test/lab needs ip, iptables, nsenter and faketime: install them as root.' && return; }
  say 'Installing what test/lab needs (apt-get install iproute2 iptables util-linux faketime)…'
  apt_install iproute2 iptables util-linux faketime || say "apt-get could not: $cache/apt-install.log says why."
}
