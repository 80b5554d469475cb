#include "third_party/libunwind/phdr.h"

#include <atomic>
#include <new>
#include <vector>

namespace heddle::unwind {
namespace {

// A copy; immutable once it is published.
struct Modules {
  unsigned long long adds = 0;  // what dl_phdr_info counts
  unsigned long long subs = 0;
  std::vector<dl_phdr_info> infos;
  Modules* before = nullptr;  // for leak checkers
};

std::atomic<Modules*> last{nullptr};

// initial-exec: a handler must not have it allocated.
[[gnu::tls_model("initial-exec")]] constinit thread_local int depth = 0;

int Copy(dl_phdr_info* info, size_t /*size*/, void* arg) {
  auto* copy = static_cast<Modules*>(arg);
  const Modules* now = last.load(std::memory_order_acquire);
  copy->adds = info->dlpi_adds;
  copy->subs = info->dlpi_subs;
  if (now != nullptr && now->adds == copy->adds && now->subs == copy->subs) {
    copy->infos.clear();
    return 1;
  }
  copy->infos.push_back(*info);
  return 0;
}

}  // namespace

void CopyModules() {
  if (depth > 0) return;
  auto* copy = new (std::nothrow) Modules;
  if (copy == nullptr) return;
  dl_iterate_phdr(Copy, copy);
  Modules* before = last.load(std::memory_order_acquire);
  do {
    copy->before = before;
    // Release: pairs with the acquire of who walks it.
  } while (!copy->infos.empty() &&
           !last.compare_exchange_weak(before, copy, std::memory_order_release,
                                       std::memory_order_acquire));
  if (copy->infos.empty()) delete copy;
}

NoLinkerLock::NoLinkerLock() { depth++; }
NoLinkerLock::~NoLinkerLock() { depth--; }

int heddle_unwind_iterate_phdr(PhdrCallback callback, void* data) {
  if (depth == 0) return dl_iterate_phdr(callback, data);
  const Modules* modules = last.load(std::memory_order_acquire);
  if (modules == nullptr) return 0;
  for (dl_phdr_info info : modules->infos) {
    const int result = callback(&info, sizeof info, data);
    if (result != 0) return result;
  }
  return 0;
}

}  // namespace heddle::unwind
