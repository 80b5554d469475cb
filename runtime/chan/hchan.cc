#include "runtime/chan/hchan.h"

#include <limits>
#include <optional>
#include <stdexcept>

#include "runtime/chan/closed_channel.h"
#include "runtime/chan/hand_over.h"
#include "runtime/sched/m.h"
#include "runtime/sched/park.h"
#include "runtime/sched/race.h"
#include "runtime/sched/wait_reason.h"
#include "runtime/sync/waiter.h"

namespace heddle::chan {
namespace {

using sched::WaitReason;

// Bytes of the Hchan and what fills up to the buffer, which follows it.
size_t HeaderSize(size_t align) {
  return (sizeof(Hchan) + align - 1) / align * align;
}

size_t Align(const ElemOps* ops) {
  return ops->align > alignof(Hchan) ? ops->align : alignof(Hchan);
}

// Releases a channel's lock when the goroutine has stopped, and can be woken.
// (chanparkcommit)
bool ParkCommit(sched::G* /*gp*/, void* lock) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  static_cast<os::SpinLock*>(lock)->unlock();
  return true;
}

// On a nil channel.
[[noreturn]] void BlockForever(WaitReason reason) {
  const sched::InRuntime in;
  for (;;) {
    sync::Waiter waiter;
    waiter.Wait([](sched::G*, void*) { return true; }, nullptr, reason);
  }
}

// Waits in q, under c's lock, which it releases, until somebody has carried w
// out.
Result WaitIn(Hchan* c, WaitQueue* q, Waiter* w, WaitReason reason) {
  sync::Waiter waiter;
  w->node = waiter.node();
  q->PushBack(w);
  sched::RaceRelease(w);
  waiter.Wait(ParkCommit, &c->lock, reason);
  // Acquire: pairs with the release in Finish and in Close.
  return w->result.load(std::memory_order_acquire);
}

// Holds c's lock; wakes, after it, whom its owner has found to be woken.
class Held {
 public:
  explicit Held(Hchan* c) ABSL_NO_THREAD_SAFETY_ANALYSIS : c_(c) {
    c->lock.lock();
  }
  ~Held() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (c_ == nullptr) return;
    c_->lock.unlock();
    if (wake != nullptr) sync::Waiter::Wake(wake);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  // Somebody else releases it.
  void Release() { c_ = nullptr; }

  sched::WaitNode* wake = nullptr;

 private:
  const sched::RaceScope not_looked_at_;
  Hchan* c_;
};

}  // namespace

Hchan* New(const ElemOps* ops, size_t cap) {
  const size_t align = Align(ops);
  const size_t header = HeaderSize(align);
  constexpr size_t kMost = std::numeric_limits<ptrdiff_t>::max();
  if (cap > std::numeric_limits<uint32_t>::max() ||
      cap > (kMost - header) / ops->size) {
    throw std::invalid_argument("makechan: size out of range");
  }
  auto* memory = static_cast<std::byte*>(::operator new(
      header + cap * ops->size, static_cast<std::align_val_t>(align)));
  return ::new (memory) Hchan(ops, memory + header, static_cast<uint32_t>(cap));
}

void Delete(Hchan* c) {
  sched::RaceAcquire(&c->refs);
  const ElemOps* ops = c->ops;
  if (ops->destroy != nullptr) {
    for (uint32_t n = c->count.load(std::memory_order_relaxed); n > 0; n--) {
      ops->destroy(c->Place(c->recvx));
      c->recvx = c->Next(c->recvx);
    }
  }
  c->~Hchan();
  ::operator delete(static_cast<void*>(c),
                    static_cast<std::align_val_t>(Align(ops)));
}

bool Send(Hchan* c, void* elem, bool block) {
  if (c == nullptr) {
    if (!block) return false;
    BlockForever(WaitReason::kChanSendNilChan);
  }
  if (!block && !CanSend(c)) return false;
  // One that may park has to be inside before it takes the lock.
  std::optional<sched::InRuntime> in;
  if (block) in.emplace();
  for (;;) {
    Held held(c);
    if (c->closed.load(std::memory_order_relaxed)) {
      throw ClosedChannel("send on closed channel");
    }
    if (Waiter* w = c->recvq.Pop(); w != nullptr) {
      SendToWaiter(c, w, elem, &held.wake);
      return true;
    }
    if (c->count.load(std::memory_order_relaxed) < c->cap) {
      PushElem(c, elem);
      return true;
    }
    if (!block) return false;
    held.Release();
    Waiter me;
    me.elem = elem;
    switch (WaitIn(c, &c->sendq, &me, WaitReason::kChanSend)) {
      case Result::kClosed:
        throw ClosedChannel("send on closed channel");
      case Result::kRetry:
        continue;
      default:
        return true;
    }
  }
}

Received Recv(Hchan* c, Target to, bool block) {
  if (c == nullptr) {
    if (!block) return Received::kEmpty;
    BlockForever(WaitReason::kChanReceiveNilChan);
  }
  if (!block && !CanRecv(c)) return Received::kEmpty;
  std::optional<sched::InRuntime> in;
  if (block) in.emplace();  // as in Send
  for (;;) {
    Held held(c);
    if (Waiter* w = c->sendq.Pop(); w != nullptr) {
      RecvFromWaiter(c, w, to, &held.wake);
      return Received::kValue;
    }
    if (c->count.load(std::memory_order_relaxed) > 0) {
      PopElem(c, to);
      return Received::kValue;
    }
    if (c->closed.load(std::memory_order_relaxed)) {
      sched::RaceAcquire(&c->closed);
      return Received::kClosed;
    }
    if (!block) return Received::kEmpty;
    held.Release();
    Waiter me;
    me.elem = to.elem;
    me.deliver = to.deliver;
    switch (WaitIn(c, &c->recvq, &me, WaitReason::kChanReceive)) {
      case Result::kClosed:
        return Received::kClosed;
      case Result::kRetry:
        continue;
      default:
        return Received::kValue;
    }
  }
}

void Close(Hchan* c) {
  if (c == nullptr) throw ClosedChannel("close of nil channel");
  sched::RaceRelease(&c->closed);
  const sched::RaceScope not_looked_at;
  Waiter* first = nullptr;
  Waiter** link = &first;
  {
    const os::SpinLockGuard guard(c->lock);
    if (c->closed.load(std::memory_order_relaxed)) {
      throw ClosedChannel("close of closed channel");
    }
    // Release: pairs with the acquire in Chan::closed.
    c->closed.store(true, std::memory_order_release);
    for (WaitQueue* q : {&c->recvq, &c->sendq}) {
      while (Waiter* w = q->Pop()) {
        // Release: pairs with the acquire in WaitIn, and in Select.
        w->result.store(Result::kClosed, std::memory_order_release);
        *link = w;
        link = &w->next;
      }
    }
    *link = nullptr;
  }
  sched::GoreadyBatch batch;
  while (first != nullptr) {
    Waiter* w = first;
    first = w->next;
    sched::WaitNode* node = w->node;
    if (node->home != nullptr) {
      sync::Waiter::NoteWake(node);
      batch.Add(static_cast<sched::G*>(node));
    } else {
      sync::Waiter::Wake(node);
    }
  }
}

}  // namespace heddle::chan
