# Sourced by ./test: runs the test programs and prints their results.
#
# What takes longest starts first: the service tests that have runs of their own, see $own_runs, then the other service tests,
# which mostly wait too. Programs that only compute use the time that these leave. Tests with processes, servers and time limits of their
# own come last. Each torch thread is one test thread. Priorities (nice) keep programs that compute from slowing down those that wait.

waiting=(Service.FunctionalTests Locutor)
computing=(Training Networks Generation Parity Bench Checkpoints Kernels Torch Shared.Tests Architecture)
timed=(Files Cli Media TextToSpeech Models Jobs)

# Tests that the trait names run once more with convolutions that are wrong, as on some processors (LOCUTOR_INJECTED_FAULT of
# src/Kernels/Arithmetic): all results must be as right as without the fault. One test at a time, since oneDNN is switched off for the whole
# process: tests that run meanwhile would round in another way, and some compare bits.
faulty=(Parity Networks Generation)
with_fault='with wrong convolutions'

# Tests with the trait runs=alone keep a service busy for long, so they run one at a time. Tests with the traits runs=outages and runs=faults
# wait for outages, or for thousands of answers one after the other, and need hardly any processor. Each of the three has a run of its own,
# beside the other tests of the program, at a high priority. Long tests also measure: then each of these runs waits until all others have
# ended.
alone=(Service.FunctionalTests)
own_runs=(faults outages alone)

# Most test programs start many processes that live for seconds, and compiling is most of their time. So nothing is compiled twice: no
# profiles are gathered, and only what is called 4096 times (the runtime reads hexadecimal) is optimised. A method's memory is mapped once.
# Together this saves a fifth of the CPU time of the service tests. Threads of a pool that find no work sleep at once: they would spin and
# yield first, and on a busy machine a yield lasts until all other programs have had their turn.
if [ -z "${LOCUTOR_LONG_TESTS:-}" ]; then
  export DOTNET_TieredPGO=${DOTNET_TieredPGO:-0} DOTNET_TC_CallCountThreshold=${DOTNET_TC_CallCountThreshold:-1000}
  export DOTNET_EnableWriteXorExecute=${DOTNET_EnableWriteXorExecute:-0}
  export DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=${DOTNET_ThreadPool_UnfairSemaphoreSpinLimit:-0}
fi

results=$(mktemp -d)
declare -A running=() # process id of a program's time limit -> name of the run: a folder of tests/, or such a folder and one of the names above
passed=0 failed=0 skipped=0

run_tests() {
  local cores name slots most
  cores=$(nproc)
  slots=${LOCUTOR_TEST_SLOTS:-$((cores < 8 ? cores + 4 : 8))} # four more than cores: the first four mostly wait
  export LOCUTOR_TEST_RUN=$results # marks every process of this run, see stop_tests
  trap 'stop_tests 130' INT
  trap 'stop_tests 143' TERM
  trap 'rm -rf "$results"' EXIT
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

# ordered_runs [FOLDER...]: the runs of all folders of tests/ with a test program, or of the named folders; folders that no list names come
# last.
ordered_runs() {
  local folder long=() known=" ${waiting[*]} ${computing[*]} ${timed[*]} " all=("${waiting[@]}" "${computing[@]}" "${timed[@]}")
  for folder in tests/*/; do
    folder=$(basename "$folder")
    [[ "$known" == *" $folder "* ]] || all+=("$folder")
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

# has_own_run RUN: whether it is the run of one trait alone.
has_own_run() { [[ " ${own_runs[*]} " == *" ${1#* } "* ]]; }

# priority_of RUN: its nice level. Faults are thousands of answers one after the other, each of which waits for a processor several times: on a
# busy machine the highest priority makes them nine times as fast, and they need little of it. Only root may set it.
priority_of() {
  if [[ $1 == *" faults" ]]; then echo $(($(id -u) == 0 ? -19 : 0))
  elif has_own_run "$1"; then echo 0
  elif [[ " ${computing[*]} " == *" ${1%% *} "* ]]; then echo 15
  else echo 5; fi
}

# program_of FOLDER: name of its test program; nothing for a library.
program_of() { basename "$(compgen -G "tests/$1/*Tests.csproj" || true)" .csproj; }

start_one() {
  local name=$1 folder=${1%% *} cores=$2 slots=$3 only=() fault= value
  if [[ " ${alone[*]} " == *" $folder "* ]]; then
    for value in "${own_runs[@]}"; do only+=(-trait- "runs=$value"); done
  fi
  case $name in
    *"$with_fault") fault=convolution only=(-trait uses=convolutions -parallel none) ;;
  esac
  has_own_run "$name" && only=(-trait "runs=${name#* }")
  LOCUTOR_INJECTED_FAULT=${fault:-${LOCUTOR_INJECTED_FAULT:-}} OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores / slots > 0 ? cores / slots : 1))} \
    timeout --kill-after=10 "${LOCUTOR_TEST_TIMEOUT:-1200}" \
    nice -n "$(priority_of "$name")" "tests/$folder/bin/Release/net10.0/$(program_of "$folder")" -noColor -noLogo "${only[@]}" >"$results/$name" 2>&1 </dev/null &
  running[$!]=$name
}

# Waits for any program to end and prints its results in one piece.
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
  # Failures are indented; servers that tests start print between them.
  [ $((errors + bad)) -eq 0 ] || awk '/\[FAIL\]/ { shown = 1 } /^[^ ]/ && !/\[FAIL\]/ { shown = 0 } shown' "$log" | cut -c1-400 | head -300
  [ "$code" -eq 0 ] || [ $((errors + bad)) -gt 0 ] || { echo "   ended with code $code"; failed=$((failed + 1)); }
  echo "   ${summary#"${summary%%[![:space:]]*}"}"
}

# stop_tests CODE: on an interruption asks every program to end (it then stops what it started), and ends by force what is left after 15 s,
# servers with a session of their own too.
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
