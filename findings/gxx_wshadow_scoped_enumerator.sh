#!/bin/bash
# g++'s -Wshadow takes an enumerator of a scoped enumeration for a name that
# hides one outside.
#
# Found with: g++ 12.2.0-14+deb12u1 (Debian 12, amd64).
# Guess before: an enumerator of `enum class E` is E::name alone, so it hides no
#   constant of that name around it, and no warning is due.
# Seen: "declaration of 'kNever' shadows a global declaration [-Wshadow]" at
#   the enumerator, in a file in which every use of either name is clear. clang
#   says nothing.
# Who meets it: a library's header with both, in a program that has -Wshadow
#   -Werror.
#
# Exits with 0 if it is still so. Needs apt-get for the pinned compiler, which it
# unpacks in a folder of its own.
set -euo pipefail

version=12.2.0-14+deb12u1
packages=(cpp-12 gcc-12 g++-12)
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download "${packages[@]/%/=$version}" >apt.log 2>&1 ||
  { cat apt.log; echo "cannot fetch g++ $version from this machine's apt sources"; exit 2; }
for package in ./*.deb; do dpkg-deb -x "$package" root; done
root/usr/bin/g++-12 --version | head -n 1

cat >source.cc <<'END'
constexpr int kNever = 1;
enum class E { kNever };
int Outer() { return kNever; }
E Inner() { return E::kNever; }
END
root/usr/bin/g++-12 -std=c++20 -Wall -Werror -fsyntax-only source.cc
if root/usr/bin/g++-12 -std=c++20 -Wshadow -Werror -fsyntax-only source.cc 2>said; then
  echo "changed: no warning"
  exit 1
fi
grep -m 1 -- 'Werror=shadow' said || { cat said; echo "changed: another error"; exit 1; }
