#!/bin/bash
# gold with LTO finds a symbol that only an asm statement names in an archive, and
# not in the same object between --start-lib and --end-lib.
#
# Found with: gold of binutils 2.40-2, gcc 12.2.0-14+deb12u1 (Debian 12, amd64).
# Guess before: neither works, as the linker's plugin does not see what an asm
#   statement refers to, so the object is chosen too late in both.
# Seen: with libv.a the program links and runs. With `--start-lib v.o --end-lib`,
#   which Bazel writes instead of archives for gold, it ends with "undefined
#   reference to 'v'".
# Who meets it: a library with a variable or function used in inline assembly, in
#   somebody's -flto build.
#
# Exits with 0 if it is still so. Needs apt-get for the pinned gold, which it
# unpacks in a folder of its own, and the machine's gcc 12.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download binutils-x86-64-linux-gnu=2.40-2 >apt.log 2>&1 ||
  { cat apt.log; echo "cannot fetch binutils 2.40-2 from this machine's apt sources"; exit 2; }
for package in ./*.deb; do dpkg-deb -x "$package" root; done
mkdir bin
ln -s "$PWD/root/usr/bin/x86_64-linux-gnu-ld.gold" bin/ld.gold
gcc --version | head -n 1

echo 'int v = 7;' >v.c
cat >a.c <<'END'
int main(void) {
  int value;
  __asm__ volatile("movl v(%%rip), %0" : "=r"(value));
  return value != 7;
}
END
gcc -O2 -c v.c
gcc -O2 -flto -c a.c
ar rc libv.a v.o
link() { gcc -B "$PWD/bin" -O2 -flto -fuse-ld=gold a.o "$@" -o program 2>said; }
link libv.a && ./program || { cat said; echo "changed: the archive fails"; exit 1; }
echo "archive: links and runs"
if link -Wl,--start-lib v.o -Wl,--end-lib; then
  echo "changed: --start-lib links too"
  exit 1
fi
grep -o "undefined reference to .*" said | head -n 1 | sed 's/^/--start-lib: /' | grep . ||
  { cat said; echo "changed: another error"; exit 1; }
