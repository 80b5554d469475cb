// What held_locks_interpose.cc calls, in the place of held_locks.cc: see
// held_locks_link_probe.cc.

#include <cstdio>
#include <cstdlib>

#include "heddle/runtime/debug/held_locks.h"

extern "C" {
int probe_locked = 0;
int probe_unlocked = 0;
}

namespace heddle::debug::held_locks_internal {

void Locked(const void*, const char*, void*, void*) { probe_locked++; }
void Unlocked(const void*) { probe_unlocked++; }
void Start() {}
void NoNext(const char* name) {
  std::fprintf(stderr, "no %s\n", name);
  std::abort();
}

}  // namespace heddle::debug::held_locks_internal
