# Sourced by ./locutor and ./test: finds the .NET SDK, installs missing programs and builds the repository.

# Ctrl-C ends the script with exit code 130. Without the trap the exit code would be that of the running program, and dotnet's differs.
stopped() {
  rm -f "${log:-}" "${stamp:+$stamp.new}"
  stop_compiler
  exit 130
}
trap stopped INT

say() { printf 'locutor: %s\n' "$*" >&2; }

need_dotnet() {
  [ -n "${DOTNET_ROOT:-}" ] && PATH="$DOTNET_ROOT:$PATH"
  command -v dotnet >/dev/null || PATH="$HOME/.dotnet:$PATH"
  if ! dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then
    say "the .NET 10 SDK is needed: https://dotnet.microsoft.com/download/dotnet/10.0"
    exit 5
  fi
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
}

# install_programs PROGRAM=PACKAGE...: starts to install the packages of missing programs with apt-get, in the background, if it has the
# rights (root or sudo without a password). Otherwise it prints one line with the packages to install and exits with code 5. Ctrl-C does not
# stop apt-get: it would leave packages half installed.
install_programs() {
  local pair missing=() as_root=()
  installing=
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  packages=${missing[*]}
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    say "please install: $packages"
    exit 5
  fi
  say "installing $packages with apt-get"
  install_log=$(mktemp)
  {
    "${as_root[@]}" apt-get update -q &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
  } >"$install_log" 2>&1 </dev/null &
  installing=$!
}

# await_programs: waits until the programs of install_programs are there; exits with code 5 if apt-get failed.
await_programs() {
  [ -n "$installing" ] || return 0
  if ! wait "$installing"; then
    tail -n 5 "$install_log" >&2
    say "apt-get failed (its whole output is $install_log); please install: $packages"
    exit 5
  fi
  rm -f "$install_log"
  installing=
}

# build_once STAMP COMMAND...: runs the build command if a source file is newer than the stamp file. A lock allows one build at a time.
build_once() {
  local stamp=$1 log; shift
  newer() { [ ! -e "$stamp" ] || [ -n "$(find src eng Directory.* global.json Locutor.slnx "${extra_sources[@]}" -newer "$stamp" -not -path '*/bin/*' -not -path '*/obj/*' -type f -print -quit)" ]; }
  newer || return 0
  trap stopped INT # the trap above does not hold in a subshell
  mkdir -p out
  exec 9>out/build.lock
  flock 9
  if newer; then
    say "building (about a minute the first time)"
    log=$(mktemp)
    touch "$stamp.new"
    # Without tiered PGO the compiler needs less CPU time in builds of a minute: 56 s instead of 99 s for a large project. Without a second
    # mapping of compiled methods (W^X) it needs another 5 s less. The lock (9) is not passed on: a process that outlives the build would
    # keep it.
    if ! DOTNET_TieredPGO=${DOTNET_TieredPGO:-0} DOTNET_EnableWriteXorExecute=${DOTNET_EnableWriteXorExecute:-0} "$@" >"$log" 2>&1 9>&-; then
      grep -E 'error|warning' "$log" | sort -u | head -20 >&2
      say "the build failed; its whole log is $log"
      exit 1
    fi
    rm -f "$log"
    mv "$stamp.new" "$stamp"
  fi
  exec 9>&-
}

# dotnet_build ARGUMENTS...: runs 'dotnet build' with one compiler process for all projects, whatever the environment says. On 2 cores it
# builds the repository in 45 s with the code analyzers; a new process for each project needs 131 s. The compiler process ends with the
# build. Without the analyzers it takes 29 s: they are for those who change the code, in 'dotnet format', 'dotnet build' and './test --long'.
dotnet_build() {
  local code=0
  dotnet build -p:RunAnalyzers=false "$@" -c Release -v quiet -p:UseSharedCompilation=true -p:SharedCompilationId="locutor-$$" || code=$?
  stop_compiler
  return "$code"
}

stop_compiler() { pkill -f -- "-pipename:locutor-$$\$" 2>/dev/null || true; }
