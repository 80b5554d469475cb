#!/bin/bash
# Tests tools/bazel and tools/debian12/setup: each way in which a machine can
# lack what they need ends with one sentence that names the cause and the cure,
# and a machine that has it all is set up once. apt is a fake throughout; where
# this runs as root, the network is also taken away for real.
#
# What a workspace declares is not replaced: testing/consumer/combinations has
# the test of that.
#
# tools/check runs this. It leaves nothing behind.
set -uo pipefail

repo="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
  echo "FAILED: $case: $*" >&2
  failures=$((failures + 1))
}

# Starts a case: a clone of its own, and a PATH with the plain tools but without
# sudo, apt, dpkg and any Bazel, to which fake() adds.
begin() {
  case="$1"
  clone="$work/$case/clone"
  bin="$work/$case/bin"
  mkdir -p "$clone" "$bin"
  cp -r "$repo/tools" "$clone/"
  local tool
  for tool in bash cat chmod cmp cp dirname flock grep gzip id ln mkdir mktemp mv readlink rm sed sha256sum sleep sort \
    tail tar touch tr xz; do
    ln -s "$(command -v "$tool")" "$bin/$tool"
  done
}

# fake NAME: puts the script on standard input into the PATH.
fake() {
  rm -f "$bin/$1"
  { echo "#!/bin/bash"; cat; } >"$bin/$1"
  chmod +x "$bin/$1"
}

nothing_installed() { fake dpkg-query </dev/null; }
all_installed() {
  fake dpkg-query <<'END'
shift 3
for p in "$@"; do echo "$p installed"; done
END
}

setup() { PATH="$bin" "$clone/tools/debian12/setup" "$@" >"$work/$case/said" 2>&1; }

# The run before fails, and its last line, alone, matches the pattern.
expect_error() {
  local status=$? pattern="$1"
  [[ $status == 1 ]] || fail "exit status $status, not 1"
  [[ $(grep -c 'error:' "$work/$case/said") == 1 ]] || fail "not one error line: $(cat "$work/$case/said")"
  tail -n 1 "$work/$case/said" | grep -qE "^setup: error:.*$pattern" ||
    fail "does not say '$pattern': $(cat "$work/$case/said")"
}

expect_silence() {
  local status=$?
  [[ $status == 0 ]] || fail "exit status $status"
  [[ ! -s "$work/$case/said" ]] || fail "not silent: $(cat "$work/$case/said")"
}

begin no_apt
setup
expect_error "no apt .*install bazelisk"

begin no_root_and_no_sudo
nothing_installed
fake apt-get </dev/null
fake id <<<"echo 1000"
setup
expect_error "bazel-bootstrap .*must be installed.* no sudo .*as root"

begin sudo_says_no
nothing_installed
fake apt-get </dev/null
fake id <<<"echo 1000"
fake sudo <<<"echo 'sudo: a password is required' >&2; exit 1"
setup
expect_error "sudo does not let .*as root"

begin no_network_for_packages
nothing_installed
fake id <<<"echo 0"
fake apt-get <<'END'
echo "W: Failed to fetch x  Temporary failure resolving 'x'" >&2
[[ " $* " != *" install "* ]] || { echo "E: Unable to locate package bazel-bootstrap" >&2; exit 100; }
END
setup
expect_error "cannot install .*cannot be reached.*network"

begin release_without_bazel
nothing_installed
fake id <<<"echo 0"
fake apt-get <<'END'
[[ " $* " != *" install "* ]] || { echo "E: Unable to locate package bazel-bootstrap" >&2; exit 100; }
END
setup
expect_error "do not have bazel-bootstrap .*install bazelisk"

begin another_apt_is_running
nothing_installed
fake id <<<"echo 0"
fake apt-get <<'END'
[[ " $* " != *" install "* ]] || { echo "E: Could not get lock /var/lib/dpkg/lock-frontend" >&2; exit 100; }
END
setup
expect_error "another apt or dpkg is running"

begin some_other_error_of_apt
nothing_installed
fake id <<<"echo 0"
fake apt-get <<<"echo 'E: The moon is in the wrong phase' >&2; exit 100"
setup
expect_error "wrong phase"

begin other_packages_are_asked_for
fake dpkg-query <<'END'
shift 3
for p in "$@"; do [[ "$p" == clang-tidy-14 ]] || echo "$p installed"; done
END
fake apt-get </dev/null
fake id <<<"echo 1000"
setup --packages clang-format-14 clang-tidy-14
expect_error " clang-tidy-14 must be installed"

begin other_packages_are_there
all_installed
fake apt-get </dev/null
setup --packages clang-format-14 clang-tidy-14
expect_silence
[[ ! -e "$clone/.deps/bazelrc" ]] || fail "did more than that"

begin apt_without_sources
all_installed
fake apt-get </dev/null
setup
expect_error "no package source configured"

# fake_archive: an apt whose `source` runs the given commands.
fake_archive() {
  touch "$work/$case/some.sources"
  fake apt-get <<END
case " \$* " in
  *" indextargets "*) echo "$work/$case/some.sources:1" ;;
  *" source "*) $1 ;;
esac
END
}

begin no_network_for_sources
all_installed
fake_archive "echo 'E: Failed to fetch x  Could not connect to x' >&2; exit 100"
setup
expect_error "cannot fetch the sources of abseil .*cannot be reached.*network"

begin other_version_in_the_archive
all_installed
fake_archive "touch abseil_20240722.0.orig.tar.gz"
setup
expect_error "another version of abseil.*install bazelisk"

begin wrong_tarball
all_installed
fake_archive "echo evil >abseil_20220623.1.orig.tar.gz"
setup
expect_error "abseil_20220623.1.orig.tar.gz is not the one .*SHA-256"
[[ -e "$clone/.deps/tarballs/abseil_20220623.1.orig.tar.gz.bad" ]] || fail "not set aside"

begin clone_of_somebody_else
all_installed
fake_archive ""
if [[ $(id -u) == 0 ]]; then
  chmod 755 "$work" "$work/$case"
  PATH="$bin:$PATH" setpriv --reuid=65534 --regid=65534 --clear-groups "$clone/tools/debian12/setup" \
    >"$work/$case/said" 2>&1
  expect_error "cannot write to .*owner"
fi

# bazelrc names a directory that has each repository of bazel/deps.bzl, and
# replaces none that a workspace declares.
expect_repositories() {
  local made="$clone/.deps/repositories" file
  grep -qxF "common \"--repo_env=HEDDLE_DEBIAN12=$made\"" "$clone/.deps/bazelrc" ||
    fail "bazelrc: $(cat "$clone/.deps/bazelrc")"
  ! grep -q override_repository "$clone/.deps/bazelrc" || fail "bazelrc overrides what a workspace declares"
  for file in com_github_google_benchmark/WORKSPACE com_google_absl/absl/base/BUILD.bazel \
    com_google_googletest/WORKSPACE libunwind/include/libunwind.h remote_coverage_tools/BUILD.bazel \
    rules_cc/cc/defs.bzl; do
    [[ -e "$made/$file" ]] || fail "no $made/$file"
  done
  # These packages need not be installed here.
  for file in bazel_skylib platforms relacy/relacy rules_java rules_proto; do
    [[ $(readlink "$made/$file") == /usr/* ]] || fail "$made/$file is no link to a package's files"
  done
}

# The rest wants the true tarballs, which tools/bazel has put there.
if [[ -e "$repo/.deps/tarballs/libunwind_1.6.2.orig.tar.gz" ]]; then
  begin sets_up_once
  all_installed
  fake_archive "cp '$repo'/.deps/tarballs/*.tar.* . ; echo fetched >>'$work/$case/fetched'"
  PATH="$bin" "$clone/tools/debian12/setup" >"$work/$case/said2" 2>&1 &
  setup
  wait $! || fail "the other of two at once failed: $(cat "$work/$case/said2")"
  [[ $(grep -c fetched "$work/$case/fetched") == 1 ]] || fail "two at once fetched twice"
  expect_repositories
  setup
  expect_silence

  case=sets_up_once # The clone moves.
  mv "$clone" "$work/$case/moved clone"
  clone="$work/$case/moved clone"
  setup
  expect_silence
  expect_repositories
  [[ $(grep -c fetched "$work/$case/fetched") == 1 ]] || fail "the moved clone fetched again"
fi

if unshare -n true 2>/dev/null && command -v apt-get >/dev/null; then
  begin no_network_for_real
  all_installed
  for tool in apt-get dpkg; do ln -sf "$(command -v "$tool")" "$bin/$tool"; done
  unshare -n env PATH="$bin" "$clone/tools/debian12/setup" >"$work/$case/said" 2>&1
  expect_error "cannot fetch the sources of abseil .*cannot be reached.*network"
fi

# tools/bazel: who is called, with which arguments.
begin bazel_real
fake my-bazel <<<'echo "real: $*"'
[[ $(PATH="$bin" BAZEL_REAL="$bin/my-bazel" "$clone/tools/bazel" build //x) == "real: build //x" ]] ||
  fail "BAZEL_REAL is not run"

begin linked_from_another_workspace
mkdir -p "$work/$case/other workspace/tools"
mv "$clone" "$work/$case/the clone"
ln -s "$work/$case/the clone/tools/bazel" "$work/$case/other workspace/tools/bazel"
PATH="$bin" "$work/$case/other workspace/tools/bazel" build //x >"$work/$case/said" 2>&1
expect_error "no apt"

begin bazelisk
fake bazelisk <<<'echo "bazelisk: $*"'
[[ $(PATH="$bin" "$clone/tools/bazel" build //x) == "bazelisk: build //x" ]] || fail "bazelisk is not run"

begin bazelisk_by_another_name
fake bazel <<<'echo "bazel: $*"'
[[ $(PATH="$bin" "$clone/tools/bazel" build //x) == "bazel: build //x" ]] || fail "bazel is not run"

begin debian_wrapper_with_a_version_it_lacks
PATH="$bin" BAZEL_REAL=/usr/bin/bazel-7.7.1 "$clone/tools/bazel" build //x >"$work/$case/said" 2>&1
expect_error "no apt"

begin debian_wrapper_with_its_own_bazel
if [[ -x /usr/bin/bazel-4 ]]; then
  PATH="$bin" BAZEL_REAL=/usr/bin/bazel-4 "$clone/tools/bazel" build //x >"$work/$case/said" 2>&1
  expect_error "no apt"
fi

[[ $failures == 0 ]] || exit 1
echo "setup_test: all cases pass"
