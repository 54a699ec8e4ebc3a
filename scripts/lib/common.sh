# Shared by every script: where things are, and how to speak. Progress goes to standard error; standard output belongs
# to results. The caller has set `root`.

cache=$root/.cache

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# version_at_least HAVE WANT: compares MAJOR.MINOR and ignores the rest.
version_at_least() {
  have_major=${1%%.*} want_major=${2%%.*}
  have_rest=${1#*.} want_minor=${2#*.}
  have_minor=${have_rest%%[!0-9]*}
  [ "$have_major" -gt "$want_major" ] || { [ "$have_major" -eq "$want_major" ] && [ "${have_minor:-0}" -ge "$want_minor" ]; }
}
