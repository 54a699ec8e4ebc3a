# Node.js, the npm dependencies and the compiled sources.

need_node() {
  command -v node >/dev/null 2>&1 || die 'Node.js is missing: install Node.js 20.19 or newer and try again.'
  version_at_least "$(node -p process.versions.node)" 20.19 ||
    die "Node.js $(node -v) is too old: install Node.js 20.19 or newer and try again."
}

# The compiler is a development dependency, so NODE_ENV=production must not leave it out.
install_with() { (cd "$root" && npm "$@" --include=dev --no-progress --loglevel=error) >"$cache/npm.log" 2>&1; }

# A lock file written against a registry that lacks other platforms' builds (of SWC, of Jest's resolver) has no entry for
# them, and `npm ci` refuses such a file, code EUSAGE, before it changes anything. `npm install` takes what is locked and
# completes the rest; --no-save leaves the lock file as it is.
need_dependencies() {
  has_dependencies && return
  say 'Installing the npm dependencies…'
  install_with ci && return
  if grep -q EUSAGE "$cache/npm.log"; then
    install_with install --no-save && return
  fi
  cat "$cache/npm.log" >&2
  die 'The npm dependencies could not be installed: npm says why above; put that right and try again.'
}

# The stamp takes its time from before the compiler reads the sources: what changes meanwhile is built next time.
need_build() {
  has_build && return
  say 'Building…'
  building=$cache/built.$$
  : >"$building"
  (cd "$root" && node_modules/.bin/tsc -b >&2) || {
    rm -f "$building"
    die 'The build failed: the compiler says why above.'
  }
  mv "$building" "$cache/built"
}
