#!/bin/bash
# With clang and libstdc++, types of the same name in two files' unnamed
# namespaces are one type to typeid.
#
# Found with: clang 1:14.0.6-12 and libstdc++ 12.2.0-14+deb12u1 (Debian 12, amd64).
# Guess before: two types in unnamed namespaces of two files are different types,
#   and typeid tells them apart, as the language says.
# Seen: clang: "equal". g++ 12, same library, same source: "different". g++ begins
#   the name of such a type with '*', which tells libstdc++ to compare addresses;
#   clang does not, and libstdc++ compares the names, "N12_GLOBAL__N_13KeyE" both.
# Who meets it: maps keyed by std::type_index, catch clauses and casts for types
#   that each file calls Key, Tag or Impl in a namespace of its own.
#
# Exits with 0 if it is still so. Needs apt-get for the pinned clang, which it
# unpacks in a folder of its own, and the machine's g++ 12 with its library.
set -euo pipefail

packages=(clang-14=1:14.0.6-12 libclang-cpp14=1:14.0.6-12 libllvm14=1:14.0.6-12
  libclang-common-14-dev=1:14.0.6-12)
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download "${packages[@]}" >apt.log 2>&1 ||
  { cat apt.log; echo "cannot fetch clang 14.0.6-12 from this machine's apt sources"; exit 2; }
for package in ./*.deb; do dpkg-deb -x "$package" root; done
libraries="$PWD/root/usr/lib/x86_64-linux-gnu:$PWD/root/usr/lib/llvm-14/lib"
clang() { LD_LIBRARY_PATH="$libraries" root/usr/lib/llvm-14/bin/clang "$@"; }
clang --version | head -n 1

for file in one two; do
  cat >$file.cc <<END
#include <typeinfo>
namespace {
struct Key {};
}  // namespace
const std::type_info& Type_$file() { return typeid(Key); }
END
done
cat >main.cc <<'END'
#include <cstdio>
#include <typeinfo>
const std::type_info& Type_one();
const std::type_info& Type_two();
int main() { std::puts(Type_one() == Type_two() ? "equal" : "different"); }
END

for file in one two main; do
  clang --driver-mode=g++ -c $file.cc -o $file.clang.o
  g++ -c $file.cc -o $file.gxx.o
done
for compiler in clang gxx; do g++ {one,two,main}.$compiler.o -o $compiler; done
by_clang="$(./clang)" by_gxx="$(./gxx)"
echo "clang: $by_clang; g++: $by_gxx"
[[ "$by_clang" == equal && "$by_gxx" == different ]] || { echo "changed"; exit 1; }
