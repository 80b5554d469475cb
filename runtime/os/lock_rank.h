// The order in which the runtime's locks are taken, after Go's lockrank.go.
//
// A thread takes a lock only if its rank is above those of all the locks that
// it holds; so no two threads can wait for each other. One total order instead
// of Go's partial one: simpler to check, and it forbids no nesting that the
// runtime has. A lock that is taken with no other inside it is a kLeaf.
//
// kHchan may be held several times, by select, which locks its channels in the
// order of their addresses.

#ifndef RUNTIME_OS_LOCK_RANK_H_
#define RUNTIME_OS_LOCK_RANK_H_

#include <cstdint>

namespace heddle::os {

// X(Name): outermost first. Names are Go's lockRankName.
#define HEDDLE_LOCK_RANKS(X)                                         \
  X(AllSched)    /* the list of runtimes; held for a report */       \
  X(Sysmon)      /* the taking of Ps (Sched::steal_lock) */          \
  X(PollDesc)    /* one descriptor of the netpoller */               \
  X(Allocm)      /* making an M, against syscall.Exec (allocmR) */   \
  X(Exec)        /* Go's execR */                                    \
  X(Sched)       /* sched.lock: idle lists, the global queue */      \
  X(Allg)        /* the list of all Gs */                            \
  X(Allp)        /* the list of all Ps */                            \
  X(NewmHandoff) /* threads that the template thread shall make */   \
  X(Gfree)       /* free Gs (Go's sched.gFree.lock) */               \
  X(Hchan)       /* one channel */                                   \
  X(Sudog)       /* the central cache of sudogs */                   \
  X(Sema)        /* one bucket of the semaphore table (Go's root) */ \
  X(Timer)       /* one timer: who puts it into a heap */            \
  X(NetpollInit) /* starting the netpoller; timers may need it */    \
  X(StackPool)   /* the global pools of small stacks */              \
  X(StackLarge)  /* large free stacks */                             \
  X(Leaf)        /* any lock with none inside */                     \
  X(Deadlock)    /* the last report: may come while others are held */

enum class LockRank : uint8_t {
#define HEDDLE_LOCK_RANK_ENUM(name) k##name,
  HEDDLE_LOCK_RANKS(HEDDLE_LOCK_RANK_ENUM)
#undef HEDDLE_LOCK_RANK_ENUM
};

// The name without the k: "Sched".
constexpr const char* LockRankName(LockRank rank) {
  constexpr const char* kNames[] = {
#define HEDDLE_LOCK_RANK_NAME(name) #name,
      HEDDLE_LOCK_RANKS(HEDDLE_LOCK_RANK_NAME)
#undef HEDDLE_LOCK_RANK_NAME
  };
  return kNames[static_cast<int>(rank)];
}

// Whether a thread that holds a lock of rank `held`, its highest, may take
// another lock of rank `next`.
constexpr bool MayTake(LockRank held, LockRank next) {
  return held < next || (held == next && held == LockRank::kHchan);
}

}  // namespace heddle::os

#endif  // RUNTIME_OS_LOCK_RANK_H_
