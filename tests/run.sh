# ./annulet test and what else runs classes of the tests; read by the launcher, whose functions and variables it uses.

# Runs a class of the tests, which are compiled first if a source is newer than they are.
# Usage: run_from_tests CLASS ARGUMENT...
run_from_tests() {
  local classpath=$root/tests/target/test.classpath
  if [[ ! -e $build/tests.stamp || ! -e $classpath \
    || -n $(cd "$root" && find pom.xml .mvn */pom.xml */src -newer build/tests.stamp -print -quit) ]]; then
    need_maven
    say "annulet: compiling the tests (log: build/tests.log)"
    touch "$build/tests.stamp.new"
    maven_offline_first tests "$build/tests.log" --quiet -Dspotless.check.skip=true --projects tests --also-make \
      process-test-classes -DskipTests \
      || { tail -n 40 "$build/tests.log" >&2; die "the tests do not compile (build/tests.log has the whole of it)"; }
    mv "$build/tests.stamp.new" "$build/tests.stamp"
  fi
  printf -- '-cp\n"%s:%s"\n' "$root/tests/target/test-classes" "$(<"$classpath")" >"$build/tests.options"
  exec "$jdk/bin/java" @"$root/deploy/jvm.options" -ea -Dannulet.root="$root" @"$build/tests.options" "$@"
}

# The words of "./annulet test" as Maven's arguments: a bare word is a test class.
test_arguments() {
  arguments=()
  is_quick=
  local word
  for word in "$@"; do
    case $word in
      --quick)
        is_quick=yes
        arguments+=(-DexcludedGroups=slow,root)
        ;;
      -*) arguments+=("$word") ;;
      *) arguments+=(-Dtest="$word" -Dsurefire.failIfNoSpecifiedTests=false) ;;
    esac
  done
}

# Maven's log as one line for each test class, and two for each test that failed.
show_progress() {
  local line word name is_message=
  while IFS= read -r line; do
    if [[ -n $is_message ]]; then
      printf '         %.400s\n' "$line"
      is_message=
    fi
    case $line in
      *'] Building '*'['*) word=${line#*Building }; printf '%s\n' "${word%% *}" ;;
      *'Tests run: '*' in io.annulet.'*)
        name=${line##* in io.annulet.}
        word=ok
        [[ $line == *'<<< '* ]] && word=FAIL
        line=${line#*Tests run: }
        printf '  %-4s %-60s %5s tests  %s\n' "$word" "$name" "${line%%,*}" "$(elapsed "$line")"
        ;;
      *'[ERROR] io.annulet.'*' <<< '*)
        name=${line#*io.annulet.}
        printf '       %s\n' "${name%% -- *}"
        is_message=yes
        ;;
    esac
  done
}

elapsed() {
  local rest=${1#*Time elapsed: }
  printf '%s' "${rest%% --*}" | sed 's/ <<<.*//'
}

run_maven_tests() {
  maven "$@" --fail-at-end -Dstyle.color=never -Dspotless.check.skip=true -Dmaven.test.failure.ignore=true \
    -Dmaven.test.redirectTestOutputToFile=true "${arguments[@]}" verify 2>&1 | tee "$build/test.log" | show_progress
}

# Offline when an earlier run has fetched everything; online again when that no longer suffices.
run_maven_tests_offline_first() {
  if [[ -e $build/.fetched-for-test ]]; then
    run_maven_tests --offline && return
    lacks_downloads "$build/test.log" || return 1
  fi
  run_maven_tests && touch "$build/.fetched-for-test"
}

run_tests() {
  local problems=() is_quick arguments
  test_arguments "$@"
  if [[ -z $is_quick && -x $root/deploy/setup/install-tools ]]; then
    "$root/deploy/setup/install-tools" || say "annulet: some tools are missing; tests that need them are skipped"
  fi
  build_if_stale
  maven_offline_first format "$build/format.log" --quiet --fail-at-end spotless:check \
    || problems+=("the formatting: run ./annulet format (build/format.log)")
  rm -rf "$root"/*/target/surefire-reports
  if ! run_maven_tests_offline_first || test_jvm_died; then problems+=("$(what_stopped_maven)"); fi
  summarise "${problems[@]}"
}

# Maven does not count it as a failure when the JVM was ended for want of an answer.
test_jvm_died() { grep -q 'The forked VM terminated\|\(error\|timeout\).* in the fork' "$build/test.log"; }

# A test JVM that died takes the rest of its module's tests with it; anything else is told by Maven's first errors.
what_stopped_maven() {
  if test_jvm_died; then
    printf 'a test JVM ended before its tests did (build/test.log):\n'
    grep '\] Running io\.annulet' "$build/test.log" | tail -n 1 | sed 's/.*Running /    while running /'
  else
    printf 'the build (build/test.log):\n'
    sed -n '/^\[ERROR\] .*Help 1/q; /^\[ERROR\]/p; /^\[WARNING\].*\.java:/p' "$build/test.log" | sed -n '1,40s/^/    /p'
  fi
}

# The last line is the counts; what went wrong outside a test counts as failed too.
summarise() {
  local problem
  for problem in "$@"; do printf 'failed: %s\n' "$problem"; done
  find "$root" -path '*/target/surefire-reports/TEST-*.xml' -exec cat {} + \
    | awk -v problems=$# -f "$root/tests/summary.awk"
}
