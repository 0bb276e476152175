# Sourced by ./test: runs the test programs and prints their results.
#
# The order of the runs. The longest start first: the service tests with separate runs ($own_runs), then the other service tests, which
# mostly wait for processes and timers, while programs that compute use the processor. Tests of the command line start one process after the
# other and would run alone at the end. Other tests that start processes and have time limits come late, but before the last programs that
# compute: these fill both processors until the end.
order=(Service.FunctionalTests Locutor Training Cli Networks Generation Parity Media Files TextToSpeech Models Jobs
  Bench Kernels Checkpoints Torch Shared.Tests Architecture)

# Programs that compute have a lower priority (nice), so that they do not slow down those that wait.
computing=(Training Networks Generation Parity Bench Checkpoints Kernels Torch Shared.Tests Architecture)

# Tests with the trait uses=convolutions run a second time with simulated wrong convolutions, as on some processors
# (LOCUTOR_INJECTED_FAULT, see src/Kernels/Arithmetic): they must pass with the fault too. They run one at a time: the program answers the
# fault by switching oneDNN off for the whole process, which changes the rounding of tests that run at the same time, and some compare bits.
faulty=(Parity Networks Generation)
with_fault='with wrong convolutions'

# Tests with the trait runs=alone keep a service busy for long, so they run one at a time. Tests with the traits runs=outages and
# runs=faults wait for outages, or send thousands of requests one after the other, and need little CPU time. They are separate runs at a
# higher priority, in parallel with the other tests of the program; outages belong to the run 'alone', since another start of the program
# costs 3 s of CPU time. Long tests (LOCUTOR_LONG_TESTS) also measure times: then each trait is a run, which starts when all others have
# ended.
alone=(Service.FunctionalTests)
declare -A own_traits=([faults]=faults [alone]="outages alone") # name of the run -> its traits
own_runs=(faults alone)
if [ -n "${LOCUTOR_LONG_TESTS:-}" ]; then
  own_traits=([faults]=faults [outages]=outages [alone]=alone)
  own_runs=(faults outages alone)
fi

# Most test programs start many processes that live for seconds and spend most of their CPU time in the JIT compiler. So profiles are off,
# a method is optimised only after 4096 calls (the runtime reads the number as hexadecimal), and code pages are writable and executable,
# which saves mapping them twice. Together this saves a fifth of the CPU time of the service tests. Pool threads without work sleep at once
# instead of spinning and yielding first: on a busy machine a yield lasts until all other programs have had a turn.
if [ -z "${LOCUTOR_LONG_TESTS:-}" ]; then
  export DOTNET_TieredPGO=${DOTNET_TieredPGO:-0} DOTNET_TC_CallCountThreshold=${DOTNET_TC_CallCountThreshold:-1000}
  export DOTNET_EnableWriteXorExecute=${DOTNET_EnableWriteXorExecute:-0}
  export DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=${DOTNET_ThreadPool_UnfairSemaphoreSpinLimit:-0}
fi

# Programs that compute allocate and free large tensors all the time. By default glibc returns each of them to the kernel, which clears the
# pages again for the next one. These settings of glibc keep freed memory, as src/CommandLine/RuntimeSettings does for the product.
keeping_memory=(MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=67108864)

results=$(mktemp -d)
declare -A running=() # process id of the program's 'timeout' -> name of the run: FOLDER, "FOLDER TRAIT" or "FOLDER $with_fault"
passed=0 failed=0 skipped=0

run_tests() {
  local cores name slots most
  cores=$(nproc)
  slots=${LOCUTOR_TEST_SLOTS:-$((cores < 8 ? cores + 4 : 8))} # four more than cores: the first four mostly wait
  export LOCUTOR_TEST_RUN=$results # marks every process of this run, see stop_tests
  trap 'stop_tests 130' INT
  trap 'stop_tests 143' TERM
  trap 'rm -rf "$results"' EXIT
  quicken ffmpeg ffprobe
  # With job control each program leads a process group of its own, and its children can be ended with it.
  set -m
  while read -r name; do
    most=$slots
    [[ -n "${LOCUTOR_LONG_TESTS:-}" ]] && has_own_run "$name" && most=1
    while [ ${#running[@]} -ge "$most" ]; do await_one; done
    start_one "$name" "$cores" "$slots"
  done < <(ordered_runs "$@")
  while [ ${#running[@]} -gt 0 ]; do await_one; done
  set +m
  local line="$passed passed, $failed failed"
  [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
  echo "$line"
  [ "$failed" -eq 0 ]
}

# quicken TOOL...: puts programs of these names at the front of PATH that start the tools in less than half of the CPU time. Debian's
# ffmpeg has 215 libraries, and most of the 65 ms of a start is the search for 43,000 symbols, each in one library after the other, in the
# order of loading. So copies of the libraries, in out/lazy, look for a function when it is called first, and few are. The libraries in
# which most of the other symbols are found are loaded first. Tests start these tools 1,600 times.
quicken() {
  local tool program libraries lazy=$root/out/lazy timer=$results/bin/timer.so
  mkdir "$results/bin"
  # When libhwy is loaded, it measures the resolution of the clock for 4 ms, which only its own benchmarks use.
  "${clang:-clang-22}" -shared -nostdlib -x c -o "$timer" - 2>/dev/null \
    <<<'unsigned long _ZN3hwy8platform15TimerResolutionEv(void) { return 1; }' || timer=
  for tool in "$@"; do
    program=$(command -v "$tool") || continue
    ldd "$program" | awk '$3 ~ /^\// { print $3 }' | xargs node eng/lazy-binding.mjs "$lazy"
    libraries=$(LD_LIBRARY_PATH=$lazy LD_DEBUG=bindings "$program" -v error -version 2>&1 >/dev/null |
      sed -nE 's/.*binding file .* \[0\] to (\/[^ ]*\.so[^ ]*) \[0\].*/\1/p' | sort | uniq -c | sort -rn | awk 'NR <= 80 { print $2 }')
    printf '#!/bin/sh\nexport LD_LIBRARY_PATH="%s" LD_PRELOAD="%s"\nexec "%s" "$@"\n' \
      "$lazy" "$timer ${libraries//$'\n'/ }" "$program" >"$results/bin/$tool"
    chmod +x "$results/bin/$tool"
    # Where a path has blanks, or programs in the temporary folder cannot run, the loader or the shell complains.
    [ -z "$("$results/bin/$tool" -version 2>&1 >/dev/null)" ] || rm "$results/bin/$tool"
  done
  PATH=$results/bin:$PATH
}

# ordered_runs [FOLDER...]: prints the runs of all folders of tests/ with a test program, or of the given folders, in the order of their
# start. Folders that are not in $order come last.
ordered_runs() {
  local folder long=() all=("${order[@]}")
  for folder in tests/*/; do
    folder=$(basename "$folder")
    [[ " ${order[*]} " == *" $folder "* ]] || all+=("$folder")
  done
  for folder in "${all[@]}"; do
    [ $# -eq 0 ] || [[ " $* " == *" $folder "* ]] || continue
    [ -n "$(program_of "$folder")" ] || continue
    if [[ " ${alone[*]} " == *" $folder "* ]]; then
      long=("${own_runs[@]/#/$folder }")
      [ -n "${LOCUTOR_LONG_TESTS:-}" ] || printf '%s\n' "${long[@]}"
    fi
    echo "$folder"
    [[ " ${faulty[*]} " == *" $folder "* ]] && echo "$folder $with_fault"
  done
  [ -z "${LOCUTOR_LONG_TESTS:-}" ] || [ ${#long[@]} -eq 0 ] || printf '%s\n' "${long[@]}"
}

# has_own_run RUN: whether the run has only tests of certain traits.
has_own_run() { [[ " ${own_runs[*]} " == *" ${1#* } "* ]]; }

# priority_of RUN: prints its nice level. The run of faults sends thousands of requests one after the other, and each waits for a processor
# several times: on a busy machine the highest priority makes the run nine times as fast, and it needs little CPU time. Only root may set a
# negative level.
priority_of() {
  if [[ $1 == *" faults" ]]; then echo $(($(id -u) == 0 ? -19 : 0))
  elif has_own_run "$1"; then echo 0
  elif [[ " ${computing[*]} " == *" ${1%% *} "* ]]; then echo 15
  else echo 5; fi
}

# program_of FOLDER: prints the name of its test program; an empty line for a library.
program_of() { basename "$(compgen -G "tests/$1/*Tests.csproj" || true)" .csproj; }

start_one() {
  local name=$1 folder=${1%% *} cores=$2 slots=$3 only=() variables=() fault= value
  if [[ " ${alone[*]} " == *" $folder "* ]]; then
    for value in ${own_traits[*]}; do only+=(-trait- "runs=$value"); done
  fi
  case $name in
    *"$with_fault") fault=convolution only=(-trait uses=convolutions -parallel none) ;;
  esac
  if has_own_run "$name"; then
    only=()
    for value in ${own_traits[${name#* }]}; do only+=(-trait "runs=$value"); done
  fi
  [[ " ${computing[*]} Locutor Cli " == *" $folder "* ]] && variables=("${keeping_memory[@]}")
  # This run repeats the same code so often that it needs a fifth less CPU time with the runtime's own threshold, 30 calls (hexadecimal).
  [[ $name == *" faults" ]] && variables+=(DOTNET_TC_CallCountThreshold=1E)
  LOCUTOR_INJECTED_FAULT=${fault:-${LOCUTOR_INJECTED_FAULT:-}} OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores / slots > 0 ? cores / slots : 1))} \
    timeout --kill-after=10 "${LOCUTOR_TEST_TIMEOUT:-1200}" \
    nice -n "$(priority_of "$name")" env "${variables[@]}" \
    "tests/$folder/bin/Release/net10.0/$(program_of "$folder")" -noColor -noLogo "${only[@]}" >"$results/$name" 2>&1 </dev/null &
  running[$!]=$name
}

# await_one: waits until one of the programs ends and prints its results as one block.
await_one() {
  local ended code
  wait -n -p ended "${!running[@]}"
  code=$?
  report_one "${running[$ended]}" "$code"
  unset "running[$ended]"
}

report_one() {
  local code=$2 log="$results/$1" summary total errors bad left
  summary=$(grep -E 'Total: [0-9]+, Errors:' "$log" | tail -1)
  number() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
  echo "== $1"
  if [ -z "$summary" ]; then
    [ "$code" -eq 124 ] && echo "   the test program took longer than ${LOCUTOR_TEST_TIMEOUT:-1200} s and was ended; its last lines:" \
      || echo "   the test program ended with code $code and no summary; its last lines:"
    tail -40 "$log" | cut -c1-400
    failed=$((failed + 1))
    return
  fi
  total=$(number Total) errors=$(number Errors) bad=$(number Failed) left=$(number Skipped)
  passed=$((passed + total - errors - bad - left)) failed=$((failed + errors + bad)) skipped=$((skipped + left))
  # The lines of a failure are indented. Output of servers that tests start may come between them and is left out.
  [ $((errors + bad)) -eq 0 ] || awk '/\[FAIL\]/ { shown = 1 } /^[^ ]/ && !/\[FAIL\]/ { shown = 0 } shown' "$log" | cut -c1-400 | head -300
  [ "$code" -eq 0 ] || [ $((errors + bad)) -gt 0 ] || { echo "   ended with code $code"; failed=$((failed + 1)); }
  echo "   ${summary#"${summary%%[![:space:]]*}"}"
}

# stop_tests CODE: interrupts every program, which then stops the processes that it started. After 15 s it kills all processes of this run
# that are left, which include servers that left the process group.
stop_tests() {
  trap '' INT TERM
  local group patience
  echo "interrupted: stopping the test programs" >&2
  for group in "${!running[@]}"; do kill -INT -- "-$group" 2>/dev/null; done
  for ((patience = 0; patience < 150; patience++)); do
    local alive=0
    for group in "${!running[@]}"; do kill -0 -- "-$group" 2>/dev/null && alive=1; done
    [ "$alive" -eq 1 ] || break
    sleep 0.1
  done
  local process
  for process in /proc/[0-9]*; do
    grep -qzsFx "LOCUTOR_TEST_RUN=$results" "$process/environ" && kill -KILL "${process#/proc/}" 2>/dev/null
  done
  exit "$1"
}
