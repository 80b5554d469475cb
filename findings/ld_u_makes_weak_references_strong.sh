#!/bin/bash
# -u SYMBOL makes a weak reference to that symbol an error, or does not, by linker.
#
# Found with: GNU ld (bfd) and gold of binutils 2.40-2, lld 1:14.0.6-12 (Debian 12,
#   amd64).
# Guess before: `-u foo` asks for foo from an archive if one has it, and is
#   otherwise without effect: a program that tests a weak foo for null links.
# Seen: gold links it, and the program finds null. bfd and lld end with an undefined
#   symbol foo, though no object refers to foo but weakly.
# Who meets it: a build that pulls optional parts of a static library in with -u,
#   tried with gold alone (which Bazel takes by itself).
#
# Exits with 0 if it is still so. Needs apt-get for the pinned linkers, which it
# unpacks in a folder of its own, and the machine's gcc.
set -euo pipefail

packages=(binutils-x86-64-linux-gnu=2.40-2 lld-14=1:14.0.6-12)
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download "${packages[@]}" >apt.log 2>&1 ||
  { cat apt.log; echo "cannot fetch binutils 2.40-2 and lld 14 from this machine's apt sources"; exit 2; }
for package in ./*.deb; do dpkg-deb -x "$package" root; done
mkdir bin
for linker in bfd gold; do ln -s "$PWD/root/usr/bin/x86_64-linux-gnu-ld.$linker" bin/ld.$linker; done
ln -s "$PWD/root/usr/lib/llvm-14/bin/lld" bin/ld.lld

cat >main.c <<'END'
int foo(void) __attribute__((weak));
int main(void) { return foo ? foo() : 0; }
END
gcc -c main.c
changed=
# try LINKER yes|no: whether it links main.o with -u foo.
try() {
  local links=no
  ! gcc -B "$PWD/bin" -fuse-ld="$1" main.o -Wl,-u,foo -o "$1" 2>"$1.said" || links=yes
  echo "$1 links it: $links"
  if [[ $links != "$2" ]]; then changed=1; cat "$1.said"; fi
  if [[ $links == no ]]; then
    gcc -B "$PWD/bin" -fuse-ld="$1" main.o -o "$1" && "./$1" || { echo "$1: fails without -u too"; changed=1; }
    grep -qE 'undefined (symbol|reference).*foo|foo.*undefined' "$1.said" || { cat "$1.said"; changed=1; }
  else
    "./$1" || changed=1
  fi
}
try gold yes
try bfd no
try lld no
[[ -z $changed ]] || { echo "changed"; exit 1; }
