# Node.js, the npm dependencies and the compiled sources.

need_node() {
  command -v node >/dev/null 2>&1 || die 'Node.js is missing: install Node.js 20.19 or newer and try again.'
  version_at_least "$(node -p process.versions.node)" 20.19 ||
    die "Node.js $(node -v) is too old: install Node.js 20.19 or newer and try again."
}

need_dependencies() {
  has_dependencies && return
  say 'Installing the npm dependencies…'
  # The compiler is a development dependency, so NODE_ENV=production must not leave it out.
  (cd "$root" && npm ci --include=dev --no-progress --loglevel=error >&2) ||
    die 'npm ci failed: its message above says why; put that right and try again.'
}

# The stamp takes its time from before the compiler reads the sources: what changes meanwhile is built next time.
need_build() {
  has_build && return
  say 'Building…'
  mkdir -p "$cache"
  building=$cache/built.$$
  : >"$building"
  (cd "$root" && node_modules/.bin/tsc -b >&2) || {
    rm -f "$building"
    die 'The build failed: the compiler says why above.'
  }
  mv "$building" "$cache/built"
}
