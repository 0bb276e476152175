# Sourced by ./locutor and ./test: compiles the assemblies of programs ahead of time.
#
# The JIT compiler takes a third of the CPU time of a .NET program that runs for a second, and half a second of the time of a short video.
# A test run starts several hundred such programs. crossgen2 compiles an assembly in one or two seconds. The compiled assemblies are kept in
# out/precompiled/HASH, where HASH is that of the original assembly, so a later run compiles only what changed. Hard links to them replace
# the assemblies in the programs' folders until a build copies the originals there again. Code that depends on the vector size of the
# processor is left to the JIT compiler, so the results of computations stay equal. Without crossgen2 (systems other than Linux on x64 and
# arm64) the programs run as they were built.

# The assemblies to compile: those that many programs load. For large assemblies that few programs use, and for the test programs
# themselves, compiling takes longer than the JIT compiler would.
precompiled='Locutor\.[^/]*|locutor|Orleans\.[^/]*|Npgsql|System\.CommandLine|Microsoft\.Data\.Sqlite|SQLitePCLRaw\.[^/]*'
precompiled+='|OpenTelemetry[^/]*|Polly[^/]*|ModelContextProtocol[^/]*|TorchSharp|NetVips'
precompiled+='|Microsoft\.Extensions\.(AI\.Abstractions|DependencyModel)'
precompiled+='|xunit\.v3\.(core|common|runner\.common|runner\.inproc\.console)'

# precompile FOLDER...: compiles the assemblies listed above in the given output folders of programs.
precompile() {
  local store=out/precompiled list inode path hash compiler frameworks
  declare -A stored=() # inode of a compiled assembly -> 1
  declare -A hashes=() # inode of a plain assembly -> its hash
  mkdir -p "$store"
  while read -r inode; do stored[$inode]=1; done < <(find "$store" -name '*.dll' -printf '%i\n')
  list=$(mktemp)
  find "$@" -maxdepth 1 -regextype posix-extended -regex ".*/($precompiled)\.dll" \
    -not -name '*Tests.dll' -printf '%i %p\n' |
    while read -r inode path; do [ -n "${stored[$inode]:-}" ] || echo "$inode $path"; done >"$list"
  if [ -s "$list" ] && compiler=$(crossgen); then
    frameworks=$(framework_folders)
    while read -r inode path; do
      [ -z "${hashes[$inode]:-}" ] || continue
      hash=$(sha256sum "$path")
      hashes[$inode]=${hash:0:32}
      [ -e "$store/${hash:0:32}/${path##*/}" ] || printf '%s\0%s\0' "$path" "$store/${hash:0:32}"
    done <"$list" >"$list.missing"
    [ ! -s "$list.missing" ] || say "compiling assemblies ahead of time"
    export -f precompile_one
    xargs -0 -r -n 2 -P "$(nproc)" bash -c 'precompile_one "$@"' _ "$compiler" "$frameworks" <"$list.missing"
    while read -r inode path; do
      hash=$store/${hashes[$inode]}/${path##*/}
      [ ! -e "$hash" ] || ln -f "$hash" "$path"
    done <"$list"
    find "$store" -type f -links 1 -delete # no test program uses it any more
    find "$store" -mindepth 1 -type d -empty -delete
  fi
  rm -f "$list" "$list.missing"
}

# precompile_one COMPILER FRAMEWORKS ASSEMBLY FOLDER: writes the compiled assembly into the folder, or nothing if it cannot be compiled.
precompile_one() {
  local references=("$(dirname "$3")") folder arguments=()
  while read -r folder; do references+=("$folder"); done <<<"$2"
  for folder in "${references[@]}"; do arguments+=(-r "$folder/*.dll"); done
  mkdir -p "$4"
  if "$1" "$3" -o "$4/${3##*/}.new" --targetos linux -O --parallelism 1 "${arguments[@]}" >/dev/null 2>&1; then
    mv "$4/${3##*/}.new" "$4/${3##*/}"
  else
    rm -f "$4/${3##*/}.new"
  fi
}

# crossgen: prints the path of crossgen2, which eng/Crossgen.props restores; fails if there is none for this system.
crossgen() {
  local machine root version program
  case $(uname -sm) in
    'Linux x86_64') machine=x64 ;;
    'Linux aarch64') machine=arm64 ;;
    *) return 1 ;;
  esac
  read -r root version < <(dotnet msbuild tests/Shared -getProperty:NuGetPackageRoot -getProperty:BundledNETCoreAppPackageVersion |
    sed -nE 's/.*"(NuGetPackageRoot|BundledNETCoreAppPackageVersion)": "(.*)".*/\2/p' | tr '\n' ' ')
  program=${root}microsoft.netcore.app.crossgen2.linux-$machine/$version/tools/crossgen2
  [ -x "$program" ] || chmod +x "$program" 2>/dev/null
  [ -x "$program" ] && echo "$program"
}

# framework_folders: prints the folders of the newest shared frameworks of .NET 10, one per line.
framework_folders() {
  local name
  for name in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
    dotnet --list-runtimes | sed -nE "s/^($name) (10\.[^ ]*) \[(.*)\]\$/\3\/\2/p" | sort -V | tail -1
  done
}
