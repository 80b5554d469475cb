#include "heddle/runtime/sanitizer/sanitizer.h"

#if HEDDLE_TSAN

#include <link.h>
#include <sanitizer/tsan_interface.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/tsan_fiber.h"

extern "C" {
void __tsan_func_entry(void* pc);
void __tsan_func_exit();
uintptr_t __tsan_testonly_shadow_stack_current_size();
}

namespace heddle::sanitizer::tsan {
namespace {

// The process's: a runtime's fibers outlive it, for the next.
struct Pool {
  std::atomic_flag locked;
  size_t max = kMaxFibers;
  size_t made = 0;  // and not destroyed
  // Makes the others: reports show who made a thread, and where, which here is
  // the go statement, and not the scheduler.
  void* maker = nullptr;
  // Of dead contexts, in the order of their death: a ring.
  size_t first = 0;
  size_t size = 0;
  void* dead[kFibersAreDear ? kMaxFibers : 1] = {};
};
constinit Pool pool;

class PoolLock {
 public:
  HEDDLE_NO_SANITIZE_THREAD PoolLock() {
    while (pool.locked.test_and_set(std::memory_order_acquire)) {
    }
  }
  HEDDLE_NO_SANITIZE_THREAD ~PoolLock() {
    pool.locked.clear(std::memory_order_release);
  }
};

// A dead context's fiber, or null, and then one more is to be made.
HEDDLE_NO_SANITIZE_THREAD void* Take() {
  const PoolLock lock;
  if (pool.size <= kQuarantine && pool.made < pool.max) {
    pool.made++;
    return nullptr;
  }
  if (pool.size == 0) {
    base::PrintErr(
        "heddle: more than %zu goroutines have begun to run and have not "
        "ended, "
        "and ThreadSanitizer has no room for one more. Run fewer of them at a "
        "time under it%s\n",
        pool.max,
        kFibersAreDear ? ", or build with clang 14 or gcc 13 and later, where "
                         "memory is the limit"
                       : "");
    base::Throw("too many goroutines for ThreadSanitizer");
  }
  void* const fiber = pool.dead[pool.first];
  pool.first = (pool.first + 1) % kMaxFibers;
  pool.size--;
  return fiber;
}

HEDDLE_NO_SANITIZE_THREAD void* Make(uintptr_t gopc) {
  const PoolLock lock;
  void* const self = __tsan_get_current_fiber();
  if (pool.maker == nullptr) {
    pool.maker = __tsan_create_fiber(0);
    __tsan_set_fiber_name(pool.maker, "go statements");
  }
  __tsan_switch_to_fiber(pool.maker, kNoSync);
  if (gopc != 0) __tsan_func_entry(reinterpret_cast<void*>(gopc));
  void* const fiber = __tsan_create_fiber(0);
  if (gopc != 0) __tsan_func_exit();
  __tsan_switch_to_fiber(self, kNoSync);
  return fiber;
}

// The frames that were on its stack at the end are gone with it.
HEDDLE_NO_SANITIZE_THREAD void EmptyShadowStack(void* fiber) {
  void* const self = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber, kNoSync);
  while (__tsan_testonly_shadow_stack_current_size() > 0) __tsan_func_exit();
  __tsan_switch_to_fiber(self, kNoSync);
}

// ---- thread_locals ----

struct Range {
  uintptr_t lo = 0;
  size_t size = 0;
};

struct ThreadLocals {
  static constexpr int kMax = 16;  // modules that have some
  bool known = false;
  int n = 0;
  Range ranges[kMax];
};
constinit thread_local ThreadLocals thread_locals;

HEDDLE_NO_SANITIZE_THREAD int AddModule(dl_phdr_info* info, size_t /*size*/,
                                        void* arg) {
  auto* const found = static_cast<ThreadLocals*>(arg);
  if (info->dlpi_tls_data == nullptr || found->n == ThreadLocals::kMax) {
    return 0;
  }
  // Its own are TSan's business, and most of a megabyte.
  if (std::strstr(info->dlpi_name, "libtsan") != nullptr) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_TLS) continue;
    const auto lo = reinterpret_cast<uintptr_t>(info->dlpi_tls_data);
    const uintptr_t hi = lo + info->dlpi_phdr[i].p_memsz;
    const uintptr_t aligned = lo & ~uintptr_t{7};
    found->ranges[found->n++] = {aligned, ((hi + 7) & ~uintptr_t{7}) - aligned};
  }
  return 0;
}

}  // namespace

HEDDLE_NO_SANITIZE_THREAD void* NewFiber(const char* name, uintptr_t gopc) {
  void* fiber = Take();
  // Not the go statement's of one that will be other goroutines', too.
  if (fiber == nullptr) fiber = Make(kFibersAreDear ? 0 : gopc);
  __tsan_set_fiber_name(fiber, name);
  if (gopc != 0) {
    // The outermost frame of all that the goroutine does.
    void* const self = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber, kNoSync);
    __tsan_func_entry(reinterpret_cast<void*>(gopc));
    __tsan_switch_to_fiber(self, kNoSync);
  }
  return fiber;
}

HEDDLE_NO_SANITIZE_THREAD void RetireFiber(void* fiber) {
  if constexpr (kFibersAreDear) {
    EmptyShadowStack(fiber);
    const PoolLock lock;
    pool.dead[(pool.first + pool.size) % kMaxFibers] = fiber;
    pool.size++;
  } else {
    __tsan_destroy_fiber(fiber);
    const PoolLock lock;
    pool.made--;
  }
}

HEDDLE_NO_SANITIZE_THREAD void SetMaxFibersForTest(size_t max) {
  const PoolLock lock;
  pool.max = max;
}

HEDDLE_NO_SANITIZE_THREAD void ForgetThreadLocals() {
  ThreadLocals* const mine = &thread_locals;
  if (!mine->known) {
    mine->known = true;
    dl_iterate_phdr(AddModule, mine);
  }
  for (int i = 0; i < mine->n; i++) {
    __tsan_java_free(mine->ranges[i].lo, mine->ranges[i].size);
    __tsan_java_alloc(mine->ranges[i].lo, mine->ranges[i].size);
  }
}

}  // namespace heddle::sanitizer::tsan

#endif  // HEDDLE_TSAN
