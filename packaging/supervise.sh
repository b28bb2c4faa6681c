# Runs a handful of programs together: started in order, watched, stopped in the reverse order.
# Sourced by bash after setup.sh. If one ends by itself, all are stopped and its log is shown.
# Programs are known by their pids alone. Each has a session of its own, so that Ctrl-C reaches this
# script first, and gets SIGTERM from the kernel if this script is killed, so that none stays behind.
#
# REQUIRES: weir_log_dir is a folder.

weir_names=() weir_pids=()
weir_timer=""
weir_stop_seconds=10
# Runs a program that ends with this script. The second half is for a script that has ended already,
# before the kernel was told.
weir_tied=(setpriv --pdeathsig TERM -- bash -c '[ "$PPID" = "$0" ] && exec "$@"' "$$")

weir_supervise_begin() {
  trap 'exit 0' INT TERM HUP
  trap 'weir_stop_all' EXIT
}

# weir_start NAME PROGRAM [ARGUMENT...]
weir_start() {
  local name="$1"
  shift
  setsid "${weir_tied[@]}" "$@" </dev/null >"$weir_log_dir/$name.log" 2>&1 9>&- &
  weir_names+=("$name")
  weir_pids+=("$!")
}

weir_alive() { kill -0 "$1" 2>/dev/null; }

# weir_ended INDEX STATUS: shows the log of one that has ended by itself, and leaves.
weir_ended() {
  local name="${weir_names[$1]}"
  weir_say "$name (pid ${weir_pids[$1]}) ended by itself with status $2. The end of its log, $weir_log_dir/$name.log:"
  tail -n 20 "$weir_log_dir/$name.log" | sed 's/^/  | /' >&2
  unset "weir_pids[$1]" "weir_names[$1]"
  exit 1
}

weir_check_all() {
  local i status
  for i in "${!weir_pids[@]}"; do
    weir_alive "${weir_pids[$i]}" && continue
    status=0
    wait "${weir_pids[$i]}" || status=$?
    weir_ended "$i" "$status"
  done
}

# weir_wait_for WHAT SECONDS COMMAND...: until the command succeeds.
weir_wait_for() {
  local what="$1" deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
      weir_check_all
    [ "$SECONDS" -lt "$deadline" ] || weir_die "waited in vain for $what; the logs are in $weir_log_dir"
    sleep 0.05
  done
}

# weir_supervise DURATION: until the time is over (empty: never) or one ends. A signal leaves from here.
weir_supervise() {
  local i ended status
  if [ -n "$1" ]; then
    "${weir_tied[@]}" sleep "$1" 9>&- &
    weir_timer=$!
  fi
  weir_check_all
  while true; do
    status=0
    wait -n -p ended "${weir_pids[@]}" ${weir_timer:+"$weir_timer"} || status=$?
    if [ -n "${ended:-}" ] && [ "$ended" = "$weir_timer" ]; then
      weir_timer=""
      break
    fi
    for i in "${!weir_pids[@]}"; do
      [ "${weir_pids[$i]}" != "${ended:-}" ] || weir_ended "$i" "$status"
    done
  done
}

# Last started, first stopped: the sidecar, started first, hears everyone's goodbye.
weir_stop_all() {
  local status=$? i pid deadline indexes
  trap '' INT TERM HUP
  trap - EXIT
  if [ -n "$weir_timer" ]; then
    kill "$weir_timer" 2>/dev/null || true
    wait "$weir_timer" 2>/dev/null || true
  fi
  indexes=("${!weir_pids[@]}")
  [ ${#indexes[@]} = 0 ] || weir_say "stopping"
  for ((i = ${#indexes[@]} - 1; i >= 0; i--)); do
    pid="${weir_pids[${indexes[$i]}]}"
    kill -TERM "$pid" 2>/dev/null || true
    deadline=$((SECONDS + weir_stop_seconds))
    while weir_alive "$pid"; do
      if [ "$SECONDS" -ge "$deadline" ]; then
        weir_say "${weir_names[${indexes[$i]}]} did not stop within $weir_stop_seconds s: killing it"
        kill -KILL "$pid" 2>/dev/null || true
        break
      fi
      sleep 0.02
    done
    wait "$pid" 2>/dev/null || true
  done
  exit "$status"
}

# ---- ports and pages -----------------------------------------------------------------------------

# Nobody listens there, on any address.
weir_port_is_free() {
  local hex
  hex="$(printf '%04X' "$1")"
  ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$hex" '
    $4 == "0A" && substr($2, length($2) - 4) == port {taken = 1} END {exit !taken}'
}

# The port asked for, or the first free one after it in steps of ten (the next two are Weir's own).
weir_free_port() {
  local port="$1"
  until weir_port_is_free "$port"; do
    port=$((port + 10))
    [ "$port" -lt 65536 ] || weir_die "no free port above $1"
  done
  echo "$port"
}

# weir_http_ok URL: it answers 200. Without curl, which need not be installed.
weir_http_ok() {
  local rest="${1#http://}" authority host path status
  authority="${rest%%/*}"
  path="/${rest#*/}"
  host="${authority%:*}"
  host="${host#[}"
  (
    exec 3<>"/dev/tcp/${host%]}/${authority##*:}" &&
      printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$path" "$authority" >&3 &&
      read -r -t 5 _ status _ <&3 && [ "$status" = 200 ]
  ) 2>/dev/null
}
