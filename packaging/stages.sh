# The stages of ./test, and their bookkeeping. Sourced by bash after setup.sh.
# A part is one tool run within a stage: it adds to the counts, and its result is a line of the
# summary. A part that runs no test, or that ends with an error and reports none, counts as a failure.

weir_results_dir="$weir_build_dir/test-results"
weir_prefix=()  # what the tests run under
weir_lines=() weir_passed=0 weir_failed=0
weir_format_version=14  # versions of clang-format disagree in details: this one decides

# weir_note NAME PASSED FAILED SECONDS [REMARK]
weir_note() {
  weir_passed=$((weir_passed + $2))
  weir_failed=$((weir_failed + $3))
  weir_lines+=("$(printf '%-22s %5d passed %4d failed %5d s  %s' "$1" "$2" "$3" "$4" "${5:-}")")
}

weir_heading() { printf '\n==== %s\n' "$*"; }

# weir_check NAME COMMAND...: one test, that the command succeeds.
weir_check() {
  local name="$1" started=$SECONDS
  shift
  if "$@"; then
    weir_note "$name" 1 0 $((SECONDS - started))
  else
    weir_note "$name" 0 1 $((SECONDS - started))
  fi
}

# weir_counted NAME JUNIT_FILE COMMAND...: as many tests as the command reports in that file.
weir_counted() {
  local name="$1" report="$2" started=$SECONDS status=0 counts passed failed skipped remark=""
  shift 2
  mkdir -p "$weir_results_dir"
  rm -f "$report"
  "${weir_prefix[@]}" "$@" || status=$?
  counts="$(weir_junit_counts "$report" 2>/dev/null || echo 0 0 0)"
  read -r passed failed skipped <<<"$counts"
  [ "$skipped" = 0 ] || remark="$skipped skipped"
  if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ "$passed" = 0 ]; }; then
    failed=1
    remark="ran $passed tests and ended with status $status"
  fi
  weir_note "$name" "$passed" "$failed" $((SECONDS - started)) "$remark"
}

# passed, failed and skipped of a JUnit file, as ctest and pytest write it
weir_junit_counts() {
  python3 - "$1" <<'PYTHON'
import sys
import xml.etree.ElementTree

passed = failed = skipped = 0
for case in xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
    if case.find("failure") is not None or case.find("error") is not None:
        failed += 1
    elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        skipped += 1
    else:
        passed += 1
print(passed, failed, skipped)
PYTHON
}

# weir_built NAME PRESET [TARGET...]: the tests of a tree that does not build are one failure.
weir_built() {
  local name="$1" started=$SECONDS
  shift
  if ! (weir_build "$@"); then
    weir_note "$name: build" 0 1 $((SECONDS - started)) "does not build"
    return 1
  fi
}

weir_sources() {
  git -C "$weir_root" -c safe.directory="$weir_root" ls-files -z --cached --others --exclude-standard "$@" 2>/dev/null ||
    (cd "$weir_root" && find . -path ./build -prune -o -type f \( -name "${1}" -o -name "${2:-$1}" \) -print0)
}

# ---- stages --------------------------------------------------------------------------------------

weir_stage_format() {
  weir_heading "format"
  local tool
  tool="$(command -v "clang-format-$weir_format_version" || command -v clang-format)"
  if ! "$tool" --version | grep -q "version $weir_format_version\."; then
    weir_lines+=("$(printf '%-22s not run: needs clang-format %s' format "$weir_format_version")")
    return 0
  fi
  weir_check format weir_formatted "$tool"
}

weir_formatted() {
  weir_sources '*.cc' '*.h' | xargs -0 "$1" --dry-run -Werror
}

weir_stage_shell() {
  weir_heading "shell"
  weir_check shell weir_shell_syntax
}

weir_shell_syntax() {
  local script
  for script in "$weir_root"/{run,test,.ci/run} "$weir_root"/packaging/*.sh; do
    bash -n "$script" || return 1
  done
}

# weir_ctest NAME PRESET
weir_ctest() {
  weir_counted "$1" "$weir_results_dir/ctest-$2.xml" \
    ctest --test-dir "$weir_build_dir/$2" -j "$(nproc)" --timeout 120 --output-on-failure --no-tests=error \
    --output-junit "$weir_results_dir/ctest-$2.xml"
}

# weir_pytest NAME PRESET FOLDER [OPTION]...  (-n 3: tests that wait more than they compute, side by side)
weir_pytest() {
  local name="$1" preset="$2" python report folder
  shift 2
  python="$(weir_python)"
  report="$weir_results_dir/pytest-${name//[^a-z]/-}.xml"
  folder="$(mktemp -d)"
  WEIR_BIN_DIR="$weir_build_dir/$preset/bin" WEIR_PRESET="$preset" \
    weir_counted "$name" "$report" "$python" -m pytest -q -rs --color=auto -p no:cacheprovider --basetemp="$folder/t" \
    --junitxml="$report" "$@"
  weir_keep_reports "$folder" "$weir_build_dir/$preset/reports"
  rm -rf "$folder"
}

# UBSan beside ASan writes to the standard error stream alone: the programs' logs are searched too.
weir_keep_reports() {
  local log
  [ -d "$2" ] || return 0
  grep -rlE --include='*.log' 'runtime error:|(ERROR|WARNING): [A-Za-z]*Sanitizer' "$1" 2>/dev/null |
    while read -r log; do cp "$log" "$2/log-$(basename "$(dirname "$log")")-$(basename "$log")"; done || true
}

weir_stage_unit() {
  weir_heading "unit"
  weir_built unit release && weir_ctest unit release || true
}

# All rules hold for thousands of seeds, and each one that is taken away is missed.
weir_stage_simulation() {
  weir_heading "simulation"
  weir_built simulation release simulation || return 0
  weir_counted simulation "$weir_results_dir/simulation.xml" \
    "$weir_build_dir/release/bin/simulation" --suite --jobs "$(nproc)" --junit "$weir_results_dir/simulation.xml"
}

weir_stage_integration() {
  weir_heading "integration"
  weir_built integration release && weir_pytest integration release tests/integration -n 3 || true
}

weir_stage_faults() {
  weir_heading "faults"
  weir_built faults release && weir_pytest faults release tests/faults || true
}

weir_stage_packaging() {
  weir_heading "packaging"
  weir_built packaging release && weir_pytest packaging release tests/packaging tests/consumer || true
}

# In the release build alone: sanitizers would measure themselves.
weir_stage_bench() {
  weir_heading "bench"
  weir_built bench release && weir_pytest bench release tests/bench || true
}

weir_stage_asan() { weir_sanitized asan; }
weir_stage_tsan() { weir_sanitized tsan; }

# What the unit and integration tests run; the examples beside it would cost minutes.
weir_sanitized_targets=(weir-sidecar weir-collector weirctl load_publisher bench_cells stop_on_signal hammer
  test_schemas test_client_lib test_sidecar test_collectors test_ctl test_docs)

# weir_sanitized PRESET: sanitizers write what they find into files, since a program's own output
# and exit status may be read by nobody.
weir_sanitized() {
  local preset="$1" reports="$weir_build_dir/$1/reports" found
  weir_heading "$preset"
  weir_built "$preset" "$preset" "${weir_sanitized_targets[@]}" || return 0
  rm -rf "$reports"
  mkdir -p "$reports"
  # The single quotes are for the sanitizers: the path may hold a space.
  local -x ASAN_OPTIONS="log_path='$reports/asan':detect_stack_use_after_return=1"
  local -x UBSAN_OPTIONS="log_path='$reports/ubsan':print_stacktrace=1"
  local -x LSAN_OPTIONS="suppressions='$weir_root/tests/sanitizers/lsan.supp':print_suppressions=0"
  local -x TSAN_OPTIONS="log_path='$reports/tsan':second_deadlock_stack=1:suppressions='$weir_root/tests/sanitizers/tsan.supp'"
  # Kernels that randomise addresses with 32 bits leave TSan of GCC 12 no room.
  local weir_prefix=()
  if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then
    weir_prefix=(setarch -R)
  fi
  weir_ctest "$preset: unit" "$preset"
  weir_pytest "$preset: integration" "$preset" tests/integration -n 3
  found="$(find "$reports" -type f | wc -l)"
  if [ "$found" != 0 ]; then
    find "$reports" -type f | head -n 5 | while read -r report; do
      printf -- '---- %s\n' "$report"
      head -n 60 "$report"
    done
    weir_note "$preset: reports" 0 "$found" 0 "see $reports"
  fi
}

weir_summary() {
  printf '\n==== summary\n'
  printf '%s\n' "${weir_lines[@]}"
  printf 'total %38d s\n' "$SECONDS"
  printf '%d passed, %d failed\n' "$weir_passed" "$weir_failed"
  [ "$weir_failed" = 0 ] && [ "$weir_passed" -gt 0 ]
}
