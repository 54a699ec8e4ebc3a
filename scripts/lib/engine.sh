# A Docker Engine: the one of DOCKER_HOST or of the default socket; else one that is installed and started here.

engine_socket=/var/run/docker.sock

# engine_answers: asked through the client that the product itself uses, so TLS and ssh settings count the same way.
engine_answers() { engine_problem=$(node "$root/scripts/lib/engine-answers.js" 2>&1); }

need_engine() {
  engine_answers && return
  [ -z "${DOCKER_HOST:-}" ] ||
    die "No Docker Engine answers at DOCKER_HOST=$DOCKER_HOST ($engine_problem): start it, or unset DOCKER_HOST to use this machine's own."
  [ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ] ||
    die "No Docker Engine answers at $engine_socket ($engine_problem): start or install Docker, set DOCKER_HOST, or run this as root on Debian or Ubuntu to have it done for you."
  PATH=$PATH:/usr/sbin:/sbin
  install_engine
  start_engine
}

install_engine() {
  command -v dockerd >/dev/null 2>&1 && return
  case $(os_id) in
    debian | ubuntu) ;;
    *) die 'No Docker Engine is installed: install Docker Engine 20.10 or newer, or set DOCKER_HOST, and try again.' ;;
  esac
  say 'Installing the Docker Engine (apt-get install docker.io)…'
  apt_install docker.io iptables ||
    die "apt-get could not install docker.io: $cache/apt-install.log says why; or install Docker yourself and try again."
}

start_engine() {
  if [ -d /run/systemd/system ]; then
    say 'Starting the Docker Engine (systemctl start docker)…'
    systemctl start docker >&2 || die 'systemd could not start docker: `journalctl -u docker` says why.'
  elif engine_is_starting; then
    say 'Waiting for the Docker Engine that is starting…'
  else
    say 'Starting the Docker Engine (dockerd, log in .cache/dockerd.log)…'
    forget_stale_pid /var/run/docker.pid dockerd
    forget_stale_pid /var/run/docker/containerd/containerd.pid containerd
    # Of its own session, so that Ctrl-C here does not stop the engine and the containers with it.
    setsid dockerd </dev/null >"$cache/dockerd.log" 2>&1 9>&- &
    engine_pid=$!
  fi
  tries=0
  until engine_answers; do
    tries=$((tries + 1))
    [ -z "${engine_pid:-}" ] || kill -0 "$engine_pid" 2>/dev/null || engine_failed
    [ "$tries" -lt 60 ] || engine_failed
    sleep 0.5
  done
  say 'The Docker Engine answers.'
}

engine_failed() {
  tail -n 5 "$cache/dockerd.log" >&2 2>/dev/null
  die "The Docker Engine did not start ($engine_problem): $cache/dockerd.log says why."
}

# pid_file_names FILE NAME: the file's process lives, and is the program of that name.
pid_file_names() { [ "$(cat "/proc/$(cat "$1" 2>/dev/null)/comm" 2>/dev/null)" = "$2" ]; }

# Without systemd the package's own init script may have started it just now, or someone else a moment ago.
engine_is_starting() { pid_file_names /var/run/docker.pid dockerd; }

# forget_stale_pid FILE NAME: after a crash or in a copied container, the number may belong to another process by now,
# and the engine would refuse to start beside it.
forget_stale_pid() { pid_file_names "$1" "$2" || rm -f "$1"; }
