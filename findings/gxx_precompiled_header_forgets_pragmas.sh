#!/bin/bash
# g++'s precompiled headers forget `#pragma GCC diagnostic`.
#
# Found with: g++ 12.2.0-14+deb12u1 (Debian 12, amd64).
# Guess before: a precompiled header has all that its text has; so a warning that
#   the header silences around one line stays silent.
# Seen: with -Wall -Werror the source compiles if it includes the header's text.
#   With the same header precompiled it fails: "'nonnull' argument 'f' compared
#   to NULL [-Werror=nonnull-compare]", at the line between the two pragmas. g++
#   says nothing of the header itself, and -Winvalid-pch does not complain.
# Who meets it: a template in a header of a library (Abseil's any_invocable.h,
#   say) that silences a warning, in a project that precompiles and has -Werror.
#
# Exits with 0 if it is still so. Needs apt-get for the pinned compiler, which it
# unpacks in a folder of its own, and an assembler.
set -euo pipefail

version=12.2.0-14+deb12u1
packages=(cpp-12 gcc-12 g++-12 libgcc-12-dev libstdc++-12-dev)
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download "${packages[@]/%/=$version}" >apt.log 2>&1 ||
  { cat apt.log; echo "cannot fetch g++ $version from this machine's apt sources"; exit 2; }
for package in ./*.deb; do dpkg-deb -x "$package" root; done
gxx=root/usr/bin/g++-12
"$gxx" --version | head -n 1

cat >header.h <<'END'
template <class F>
bool IsNull(F&& f) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Waddress"
#pragma GCC diagnostic ignored "-Wnonnull-compare"
  if (static_cast<void (*)()>(f) == nullptr) return true;
#pragma GCC diagnostic pop
  return false;
}
END
cat >source.cc <<'END'
#include "header.h"
void Function() {}
bool Answer() { return IsNull(Function); }
END

compile() { "$gxx" -Wall -Werror -Winvalid-pch -c source.cc -o source.o; }
compile || { echo "changed: the text alone is refused"; exit 1; }
echo "the text: compiles"
"$gxx" -Wall -Werror -x c++-header header.h -o header.h.gch
if compile 2>said; then
  echo "changed: with the precompiled header it compiles too"
  exit 1
fi
grep -q 'Werror=nonnull-compare' said || { cat said; echo "changed: another error"; exit 1; }
echo "the same, precompiled: $(grep -o 'error: .*' said | head -n 1)"
