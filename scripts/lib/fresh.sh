# Cheap answers to "is anything missing?". `./tutti` asks on every call, so this costs a few stats and one `find`.

# npm writes node_modules/.package-lock.json last, so it is the stamp of a finished installation.
has_dependencies() {
  stamp=$root/node_modules/.package-lock.json
  [ -f "$stamp" ] && ! [ "$root/package-lock.json" -nt "$stamp" ]
}

# Directories are looked at too: a deleted source changes nothing but its directory's time.
has_build() {
  [ -f "$root/libs/model/dist/index.js" ] && [ -f "$root/.cache/built" ] || return 1
  [ -z "$(cd "$root" && find libs/*/src apps/*/src libs/*/tsconfig.json apps/*/tsconfig.json tsconfig*.json \
    node_modules/.package-lock.json \( -name '*.ts' -o -name '*.json' -o -type d \) -newer .cache/built -print -quit)" ]
}
