# One line a step; what stops the script goes to standard error.

say() { printf 'keyward: %s\n' "$*"; }

stop() {
  printf 'keyward: %s\n' "$@" >&2
  exit 1
}

# Runs a command quietly; what it said is shown only when it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || tail -n 40 "$log" >&2
  rm -f "$log"
  return "$status"
}
