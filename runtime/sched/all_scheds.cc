#include "heddle/runtime/sched/all_scheds.h"

#include <new>

#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {
namespace {

constinit std::atomic<Sched*> first{nullptr};

}  // namespace

constinit os::Lock allschedlock{os::LockRank::kAllSched};

namespace {

// The threads of those that have run are not in the child; one of these may
// have held the lock.
void ForgetInChild() {
  new (&allschedlock) os::Lock(os::LockRank::kAllSched);
  std::atomic<Sched*>* link = &first;
  while (Sched* sched = link->load(std::memory_order_relaxed)) {
    if (IsInherited(sched)) {
      link->store(sched->next_sched.load(std::memory_order_relaxed),
                  std::memory_order_relaxed);
    } else {
      link = &sched->next_sched;
    }
  }
}

[[gnu::constructor]] void ForgetAtFork() { os::AtFork(ForgetInChild); }

}  // namespace

void AllSchedsAdd(Sched* sched) {
  os::LockGuard guard(allschedlock);
  std::atomic<Sched*>* link = &first;
  while (Sched* next = link->load(std::memory_order_relaxed)) {
    link = &next->next_sched;
  }
  // Release: pairs with the acquires in FirstSched and NextSched.
  link->store(sched, std::memory_order_release);
}

void AllSchedsRemove(Sched* sched) {
  os::LockGuard guard(allschedlock);
  std::atomic<Sched*>* link = &first;
  while (link->load(std::memory_order_relaxed) != sched) {
    link = &link->load(std::memory_order_relaxed)->next_sched;
  }
  link->store(sched->next_sched.load(std::memory_order_relaxed),
              std::memory_order_release);
}

Sched* FirstSched() { return first.load(std::memory_order_acquire); }

Sched* NextSched(const Sched* sched) {
  return sched->next_sched.load(std::memory_order_acquire);
}

}  // namespace heddle::sched
