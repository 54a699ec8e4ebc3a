# Debian's packages: into the system, or, also of another suite, without touching it: then apt runs on a private source
# list, state and cache under .cache/apt. The mirror, the proxy and the credentials are the machine's own, read by apt itself.

# The words of /etc/os-release; empty elsewhere.
os_id() { (. /etc/os-release 2>/dev/null && printf %s "$ID"); }
os_codename() { (. /etc/os-release 2>/dev/null && printf %s "$VERSION_CODENAME"); }

# apt_install PACKAGE…: into the system, as root. Bare images come without package lists; stale lists name files that are
# gone: both are cured by an update.
apt_install() { try_apt_install "$@" || { apt-get -qq update >&2 && try_apt_install "$@"; }; }
try_apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@" \
    </dev/null >"$cache/apt-install.log" 2>&1
}

# apt understands both formats of its source files, so it is asked where it would look for the machine's own suite.
debian_mirrors() {
  apt-get update --print-uris -o Dir::State::lists="$cache/apt/none" 2>/dev/null |
    sed -n -E "s#^'(.+)/dists/($(os_codename)|stable|testing|unstable|sid)/InRelease'.*#\1#p" | sort -u
}

# A frozen mirror's lists are past their date: they are taken, since what they name is signed all the same.
private_apt() {
  tool=$1
  shift
  "$tool" -qq \
    -o Dir::Etc::SourceList="$cache/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State="$cache/apt/state" -o Dir::State::Status=/dev/null -o Dir::Cache="$cache/apt/cache" \
    -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o Acquire::http::Timeout=10 \
    -o Acquire::Retries=1 -o APT::Sandbox::User="$(id -un)" \
    "$@"
}

# debian_package SUITE PACKAGE FLOOR: unpacks it into .cache/apt/unpacked if the suite has a version from FLOOR on.
debian_package() {
  rm -rf "$cache/apt"
  mkdir -p "$cache/apt/none/partial" "$cache/apt/state/lists/partial" "$cache/apt/cache/archives/partial"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] || die "The Debian archive keyring is missing: install debian-archive-keyring and try again."
  for mirror in $(debian_mirrors); do
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$1"
  done >"$cache/apt/sources.list"
  # A third party's repository among the mirrors has no such suite and fails here; what counts is what is found.
  private_apt apt-get update >>"$cache/apt.log" 2>&1
  version=$(private_apt apt-cache show --no-all-versions "$2" 2>/dev/null | sed -n 's/^Version: //p')
  [ -n "$version" ] && dpkg --compare-versions "$version" ge "$3" || return 1
  (cd "$cache/apt" && private_apt apt-get download "$2" >>"$cache/apt.log" 2>&1 && dpkg -x "$2"_*.deb unpacked)
}
